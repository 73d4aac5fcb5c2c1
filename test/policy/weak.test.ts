import t from 'tap';
import { admissibleReasons } from '../../src/model/reasons.js';
import { weaknessesOf, weaknessText } from '../../src/policy/weak.js';
import { policyOf } from './make.js';

const own = { asWorkload: false, shared: false };

t.test('F8: a policy that trusts authors has no weakness, one that does not has none by default', (t) => {
  t.equal(weaknessesOf(policyOf('p').spec, own), undefined);
  t.strictSame(weaknessesOf(policyOf('p', { prefer: 'Security' }).spec, own), []);
  t.strictSame(weaknessesOf(policyOf('p', { optOut: 'Forbidden' }).spec, own), []);
  t.end();
});

t.test('F8: each admitted reason but those beyond authors is a weakness under Security', (t) => {
  for (const reason of admissibleReasons) {
    const found = weaknessesOf(policyOf('p', { prefer: 'Security', admitUninstrumented: [reason] }).spec, own);
    t.equal(found?.length, ['windows', 'mirror_pod', 'no_host'].includes(reason) ? 0 : 1, reason);
  }
  t.end();
});

t.test('F8: an agent that shares its workload’s user is one weakness, whoever makes it so', (t) => {
  const { spec } = policyOf('p', { prefer: 'Security' });
  t.match(weaknessesOf(spec, { asWorkload: true, shared: true }), [/its profile gives it the workload’s user/]);
  t.match(weaknessesOf(spec, { asWorkload: false, shared: true }), [/OpenShift gives a namespace one user/]);
  t.end();
});

t.test('F8: what an author could do is one sentence', (t) => {
  t.equal(weaknessText(['do this']), 'A pod’s author could do this.');
  t.equal(weaknessText(['do this', 'do that']), 'A pod’s author could do this; or do that.');
  t.end();
});
