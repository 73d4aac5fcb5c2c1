import t from 'tap';
import { policyLine } from '../../../src/cli/preview/policy-line.js';

t.test('each policy that changes is named, with how', (t) => {
  t.equal(policyLine([]), 'Policies: none changes.');
  const changes = [
    { name: 'default', change: 'replaced' },
    { name: 'payments', change: 'added' },
  ] as const;
  t.equal(policyLine(changes), 'Policies: default replaced, payments added.');
  t.end();
});
