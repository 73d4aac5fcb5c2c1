import fc from 'fast-check';
import t from 'tap';
import { areDisjoint } from '../../../src/engine/api-server/disjoint.js';
import type { LabelSelector } from '../../../src/model/selector.js';
import { compileSelector } from '../../../src/policy/selector.js';

const key = fc.constantFrom('a', 'b');
const values = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 2 });
const expression = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(key, fc.constantFrom('x', 'y')),
    matchExpressions: fc.array(expression, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const labels = fc.dictionary(key, fc.constantFrom('x', 'y', 'z'));

t.test('no labels match two selectors that exclude each other', (t) => {
  fc.assert(
    fc.property(selector, selector, labels, (one, other, given) => {
      const apart = areDisjoint(
        { namespaceSelector: one, podSelector: {} },
        { namespaceSelector: other, podSelector: {} },
      );
      return !(apart && compileSelector(one)(given) && compileSelector(other)(given));
    }),
    { numRuns: 2000 },
  );
  const of = (podSelector: LabelSelector) => ({ namespaceSelector: {}, podSelector });
  t.ok(areDisjoint(of({ matchLabels: { a: 'x' } }), of({ matchLabels: { a: 'y' } })));
  t.ok(
    areDisjoint(of({ matchLabels: { a: 'x' } }), of({ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] })),
  );
  t.notOk(areDisjoint(of({ matchLabels: { a: 'x' } }), of({ matchLabels: { b: 'y' } })));
  t.notOk(areDisjoint(of({}), of({ matchLabels: { b: 'y' } })));
  t.end();
});
