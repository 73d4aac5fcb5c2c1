import t from 'tap';
import type { Refusal } from '../../../src/cluster/dry-run/refusal.js';
import { remedyOf } from '../../../src/cli/preflight/remedies.js';

const pod = { namespace: 'shop', policy: 'payments', refusedBare: false };

t.test('what to change is named: the policy’s field, or who else decides', (t) => {
  const rows: readonly (readonly [Refusal, RegExp])[] = [
    [
      { by: 'PodSecurity', name: 'baseline:latest', words: 'must not include "SYS_PTRACE"' },
      /capability: Auto or Never in policy payments.*namespace shop/,
    ],
    [{ by: 'PodSecurity', words: 'runAsNonRoot != true' }, /^let namespace shop enforce/],
    [{ by: 'LimitRange', words: 'minimum cpu usage per Container is 1' }, /^raise agent.resources in policy payments/],
    [{ by: 'LimitRange', words: 'maximum cpu usage per Pod is 1' }, /^change agent.resources in policy payments/],
    [{ by: 'ResourceQuota', name: 'compute', words: 'exceeded quota' }, /^raise quota compute of namespace shop/],
    [{ by: 'ResourceQuota', name: 'compute', words: 'must specify limits.cpu' }, /^set agent.resources/],
    [{ by: 'SecurityContextConstraints', words: 'SYS_PTRACE' }, /capability: Never.*ServiceAccount in shop/],
    [{ by: 'SecurityContextConstraints', words: 'runAsUser' }, /^let the pod’s ServiceAccount/],
    [{ by: 'Kyverno', words: '' }, /PolicyException/],
    [{ by: 'Gatekeeper', words: '' }, /constraint that is named/],
    [{ by: 'ValidatingAdmissionPolicy', name: 'no-init', words: '' }, /ValidatingAdmissionPolicy no-init/],
    [{ by: 'Webhook', name: 'budget.example.com', words: '' }, /webhook budget.example.com/],
    [{ by: 'ServiceAccount', name: 'shop/web', words: '' }, /create ServiceAccount shop\/web/],
    [{ by: 'Schema', words: '' }, /report this/],
    [{ by: 'Admission', words: '' }, /leave the workload out of policy payments/],
  ];
  for (const [refusal, remedy] of rows) t.match(remedyOf(refusal, pod), remedy);
  t.end();
});

t.test('a pod that is refused anyway is nothing that a policy can help', (t) => {
  const bare = { ...pod, refusedBare: true };
  t.match(remedyOf({ by: 'Webhook', name: 'a.example.com', words: '' }, bare), /^nothing in the policy/);
  t.match(remedyOf({ by: 'ResourceQuota', name: 'compute', words: '' }, bare), /no room for one more pod/);
  t.match(
    remedyOf({ by: 'ResourceQuota', name: 'compute', words: 'must specify limits.cpu' }, bare),
    /^give the workload’s own containers/,
  );
  t.match(remedyOf({ by: 'ServiceAccount', name: 'shop/web', words: '' }, bare), /create ServiceAccount/);
  t.end();
});

t.test('a webhook that did not answer has not refused anything', (t) => {
  const refusal: Refusal = { by: 'Webhook', name: 'a.example.com', words: '', isOutage: true };
  t.match(remedyOf(refusal, pod), /a.example.com did not answer/);
  t.end();
});
