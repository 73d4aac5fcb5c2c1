import t from 'tap';
import { policyReach, profileReach } from '../../src/model/field-reach.js';
import { policySchema } from '../../src/model/policy.js';
import { profileSchema } from '../../src/model/profile.js';
import { valueFields } from '../tools/schema-reference.js';

t.test('each field of a policy and a profile says whether it acts on pods, tasks or both, and why not', (t) => {
  for (const [schema, reach] of [
    [policySchema, policyReach],
    [profileSchema, profileReach],
  ] as const) {
    const fields = valueFields(schema).filter((field) => field.startsWith('spec.'));
    t.ok(fields.length > 20);
    t.strictSame(
      fields.filter((field) => !reach.has(field)),
      [],
      'fields that the table does not have: add them',
    );
    t.strictSame(
      [...reach.keys()].filter((field) => !fields.includes(field)),
      [],
      'rows without a field',
    );
    for (const [field, { on, why }] of reach) t.ok(on === 'both' || why !== undefined, `${field} says why`);
  }
  t.end();
});
