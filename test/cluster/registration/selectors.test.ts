import fc from 'fast-check';
import t from 'tap';
import {
  acceptable,
  fingerprintsOf,
  foreignTexts,
  sameDemands,
  withForeign,
} from '../../../src/cluster/registration/selectors.js';
import { listOf, type JsonObject } from '../../../src/model/json.js';
import type { LabelSelector, StringMap } from '../../../src/model/selector.js';
import { labelSelectorSchema } from '../../../src/model/selector.js';
import { compileSelector } from '../../../src/policy/selector.js';

const key = fc.constantFrom('a', 'b', 'team', 'outrider.dev/inject');
const value = fc.constantFrom('', 'x', 'y', 'z');
const values = fc.array(value, { minLength: 1, maxLength: 3 });
const expression = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  { matchLabels: fc.dictionary(key, value, { maxKeys: 2 }), matchExpressions: fc.array(expression, { maxLength: 3 }) },
  { requiredKeys: [] },
);
const labels: fc.Arbitrary<StringMap> = fc.dictionary(key, value);

const matches = (one: JsonObject, map: StringMap): boolean => compileSelector(labelSelectorSchema.parse(one))(map);
/** A selector that asks for what both ask for, as a platform would leave it: its own in front. */
const narrowed = (ours: LabelSelector, theirs: LabelSelector): JsonObject => ({
  matchLabels: { ...theirs.matchLabels, ...ours.matchLabels },
  matchExpressions: [...(theirs.matchExpressions ?? []), ...(ours.matchExpressions ?? [])],
});
const writtenOf = (one: LabelSelector): ReadonlySet<string> => new Set(fingerprintsOf(one));

t.test('E40: laws of the union of our selector with what others add', (t) => {
  fc.assert(
    fc.property(selector, selector, selector, labels, (ours, next, theirs, map) => {
      const live = narrowed(ours, theirs);
      const stays = withForeign(ours, live, writtenOf(ours));
      // Nothing to write for what is there: whoever looks again comes to the same.
      if (!sameDemands(stays, live)) return false;
      if (!sameDemands(withForeign(ours, stays, writtenOf(ours)), stays)) return false;
      // A changed policy: ours is there as it is now, and what is gone of it is gone.
      const merged = withForeign(next, live, writtenOf(ours));
      const foreign = withForeign({}, live, writtenOf(ours));
      return matches(merged, map) === (matches(next, map) && matches(foreign, map));
    }),
  );
  fc.assert(
    fc.property(selector, selector, (ours, theirs) => {
      // Once they take theirs away, it is not kept.
      const after = withForeign(ours, { ...ours }, writtenOf(ours));
      // What was last written is not known: nothing is foreign.
      const unknown = withForeign(ours, narrowed(ours, theirs), undefined);
      return sameDemands(after, ours) && sameDemands(unknown, ours);
    }),
  );
  fc.assert(
    fc.property(selector, selector, (ours, theirs) => {
      const live = narrowed(ours, theirs);
      const own = new Set(foreignTexts({}, ours));
      const expected = foreignTexts({}, live).filter((text) => !own.has(text));
      return JSON.stringify(foreignTexts(ours, live)) === JSON.stringify(expected);
    }),
  );
  t.pass();
  t.end();
});

t.test('the same is asked for in whatever form', (t) => {
  t.ok(
    sameDemands(
      { matchLabels: { a: 'x' }, matchExpressions: [{ key: 'b', operator: 'In', values: ['y', 'z'] }] },
      {
        matchExpressions: [
          { key: 'b', operator: 'In', values: ['z', 'y', 'z'] },
          { key: 'a', operator: 'In', values: ['x'] },
        ],
      },
    ),
  );
  t.notOk(sameDemands({ matchLabels: { a: 'x' } }, {}));
  t.notOk(sameDemands({}, { matchExpressions: [{ key: 'a', operator: 'Exists' }] }));
  t.notOk(
    sameDemands(
      { matchExpressions: [{ key: 'a', operator: 'In', values: ['x'] }] },
      { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] },
    ),
  );
  t.end();
});

t.test('a label of others that ours contradicts becomes an expression', (t) => {
  const merged = withForeign(
    { matchLabels: { team: 'b' } },
    { matchLabels: { team: 'a' } },
    writtenOf({ matchLabels: { team: 'c' } }),
  );
  t.same(merged, {
    matchLabels: { team: 'b' },
    matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }],
  });
  t.end();
});

t.test('what no label can be is taken out of a selector without changing what it selects', (t) => {
  const impossible = fc.constantFrom('', 'not a key', 'a/b/c', '-a', 'a'.repeat(64), 'UPPER/a', '/a');
  const anyKey = fc.oneof(key, impossible);
  const anyValue = fc.oneof(value, fc.constantFrom('no value', '-', 'v'.repeat(64)));
  const odd: fc.Arbitrary<LabelSelector> = fc.record(
    {
      matchLabels: fc.dictionary(anyKey, anyValue, { maxKeys: 2 }),
      matchExpressions: fc.array(
        fc.oneof(
          fc.record({
            key: anyKey,
            operator: fc.constantFrom('In' as const, 'NotIn' as const),
            values: fc.array(anyValue, { minLength: 1, maxLength: 3 }),
          }),
          fc.record({ key: anyKey, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
        ),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(odd, labels, (given, map) => {
      const taken = acceptable(given);
      return compileSelector(given)(map) === (taken !== undefined && compileSelector(taken)(map));
    }),
  );
  t.same(acceptable({ matchLabels: {}, matchExpressions: [] }), {});
  t.equal(acceptable({ matchLabels: { 'not a key': 'x' } }), undefined);
  t.same(
    listOf(
      acceptable({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['no value', 'x'] }] })?.matchExpressions,
    ),
    [{ key: 'a', operator: 'NotIn', values: ['x'] }],
  );
  t.end();
});
