import t from 'tap';
import type { DryRunAnswer } from '../../../src/cluster/dry-run/dry-run-pods.js';
import type { Refusal } from '../../../src/cluster/dry-run/refusal.js';
import { isOwn, verdictOf } from '../../../src/cli/preflight/verdict.js';

const pod = { namespace: 'shop', policy: 'default' };
const refusal: Refusal = { by: 'PodSecurity', name: 'baseline:latest', words: 'violates PodSecurity: SYS_PTRACE' };
const admitted: DryRunAnswer = { kind: 'admitted', pod: {} };
const refused: DryRunAnswer = { kind: 'refused', refusal };

t.test('a refusal says whether it is so already, as far as that was asked', (t) => {
  t.match(verdictOf('outrider', pod, refused, admitted), { kind: 'refused', refusal, now: 'admitted' });
  t.match(verdictOf('outrider', pod, refused, refused), { now: 'refused', remedy: /^nothing in the policy/ });
  t.match(verdictOf('outrider', pod, refused, { kind: 'unknown', words: 'busy' }), { now: 'unknown' });
  t.match(verdictOf('outrider', pod, refused, undefined), { now: 'unknown' });
  t.end();
});

t.test('what was not answered is not a verdict', (t) => {
  t.strictSame(verdictOf('outrider', pod, admitted, undefined), { kind: 'admitted' });
  t.strictSame(verdictOf('outrider', pod, { kind: 'unknown', words: 'busy' }, undefined), {
    kind: 'unknown',
    why: 'busy',
  });
  t.strictSame(verdictOf('outrider', pod, { kind: 'forbidden', words: 'no' }, undefined), {
    kind: 'not_asked',
    why: 'no_right',
  });
  t.end();
});

t.test('this installation’s own refusal says nothing about the new policies', (t) => {
  const own = { by: 'Webhook', name: 'payments.outrider.outrider.dev', words: 'parts_differ' } as const;
  t.match(verdictOf('outrider', pod, { kind: 'refused', refusal: own }, undefined), { kind: 'unknown' });
  t.ok(isOwn({ by: 'ValidatingAdmissionPolicy', name: 'outrider-3', words: '' }, 'outrider'));
  t.notOk(isOwn({ by: 'ValidatingAdmissionPolicy', name: 'outrider-17', words: '' }, 'outrider'));
  t.notOk(isOwn({ by: 'ValidatingAdmissionPolicy', words: '' }, 'outrider'));
  t.notOk(
    isOwn({ by: 'Webhook', name: 'payments.other.outrider.dev', words: '' }, 'outrider'),
    'another installation’s',
  );
  t.notOk(isOwn({ by: 'Gatekeeper', name: 'outrider-3', words: '' }, 'outrider'));
  t.end();
});
