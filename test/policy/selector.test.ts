import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { LabelRequirement, LabelSelector, StringMap } from '../../src/model/selector.js';
import { compileSelector, labelOf } from '../../src/policy/selector.js';

const key = fc.constantFrom('app', 'tier', 'example.com/team', 'constructor', '__proto__');
const value = fc.constantFrom('', 'a', 'b', 'c');
const labels: fc.Arbitrary<StringMap> = fc
  .array(fc.tuple(key, value), { maxLength: 5 })
  .map((pairs) => Object.fromEntries(pairs));
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);

function holds(requirement: LabelRequirement, on: StringMap): boolean {
  return compileSelector({ matchExpressions: [requirement] })(on);
}

t.test('each operator, with the key there and absent', (t) => {
  const table: readonly (readonly [LabelSelector, StringMap, boolean])[] = [
    [{}, {}, true],
    [{}, { app: 'a' }, true],
    [{ matchLabels: {}, matchExpressions: [] }, {}, true],
    [{ matchLabels: { app: 'a' } }, { app: 'a', tier: 'b' }, true],
    [{ matchLabels: { app: 'a' } }, { app: 'b' }, false],
    [{ matchLabels: { app: 'a' } }, {}, false],
    [{ matchLabels: { app: '' } }, {}, false],
    [{ matchLabels: { app: '' } }, { app: '' }, true],
    [{ matchLabels: { app: 'a', tier: 'b' } }, { app: 'a' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }, { app: 'b' }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }, { app: 'c' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }, {}, false],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, { app: 'a' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, { app: 'b' }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, { app: '' }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, {}, false],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, { app: '' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, {}, true],
    [{ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {}, false],
    [{ matchLabels: { app: 'a' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, { app: 'a' }, false],
  ];
  for (const [selector, on, expected] of table) {
    t.equal(compileSelector(selector)(on), expected, `${JSON.stringify(selector)} on ${JSON.stringify(on)}`);
  }
  t.end();
});

t.test('laws of selectors', (t) => {
  fc.assert(
    fc.property(key, values, labels, (key, values, on) => {
      const isIn = holds({ key, operator: 'In', values }, on);
      const isNotIn = holds({ key, operator: 'NotIn', values }, on);
      const exists = holds({ key, operator: 'Exists' }, on);
      assert.equal(isIn, !isNotIn);
      assert.equal(exists, !holds({ key, operator: 'DoesNotExist' }, on));
      assert.equal(exists, labelOf(on, key) !== undefined);
      if (isIn) assert.ok(exists, 'In needs the key');
      if (!exists) assert.ok(isNotIn, 'NotIn holds where the key is absent');
    }),
  );
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (matchExpressions, on) => {
      assert.equal(
        compileSelector({ matchExpressions })(on),
        matchExpressions.every((one) => holds(one, on)),
        'a selector is the conjunction of its expressions',
      );
    }),
  );
  fc.assert(
    fc.property(labels, labels, (matchLabels, on) => {
      const matchExpressions = Object.entries(matchLabels).map(([key, value]) => ({
        key,
        operator: 'In' as const,
        values: [value],
      }));
      assert.equal(compileSelector({ matchLabels })(on), compileSelector({ matchExpressions })(on));
      assert.ok(compileSelector({ matchLabels })(matchLabels), 'labels match themselves');
    }),
  );
  t.end();
});
