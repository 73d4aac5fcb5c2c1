import t from 'tap';
import { leavingOut, skipping, selectorsKey } from '../../../src/cluster/plans/judged-entries.js';
import { celRefused, injecting, notClaimable, pending } from '../../../src/cluster/plans/claimed-state.js';
import { assignSlots, mostSlots, slotNames } from '../../../src/cluster/plans/slots.js';
import { desiredRegistration } from '../../../src/cluster/registration/desired.js';
import type { RegisteredPolicy } from '../../../src/cluster/registration/registered-policy.js';

t.test('a policy keeps the name that it has at the API server, and others get those that are free', (t) => {
  const taken = new Map([
    ['outrider-2', 'payments'],
    ['outrider-1', 'gone'],
  ]);
  const slots = assignSlots(['default', 'payments'], taken, 'outrider');
  t.same([...slots].sort(), [
    ['default', 'outrider-3'],
    ['payments', 'outrider-2'],
  ]);
  const many = Array.from({ length: mostSlots + 2 }, (_, index) => `policy-${index}`);
  t.equal(assignSlots(many, new Map(), 'outrider').size, mostSlots, 'there is no name for more');
  t.equal(new Set(slotNames('outrider')).size, mostSlots);
  t.end();
});

const payments: RegisteredPolicy = {
  name: 'payments',
  mode: 'Inject',
  prefer: 'Security',
  valid: true,
  canDeny: true,
  namespaceSelector: { matchLabels: { tier: 'secure' } },
  podSelector: {},
  asksFor: [],
};
const installation = {
  instance: 'outrider',
  ownNamespace: 'outrider-system',
  excludedNamespaces: [],
  address: { service: { name: 'outrider', port: 443 } },
  timeoutSeconds: 10,
} as const;

t.test('the validating entry leaves out what the API server judges, and no other entry does', (t) => {
  const entries = (policy: RegisteredPolicy) => desiredRegistration([policy], installation, 'Q0E=', []);
  const usual = entries(payments);
  const judged = entries({ ...payments, judgesItself: true });
  t.same(judged.mutating, usual.mutating, 'the webhook is called before all the same');
  t.same(leavingOut({ webhooks: usual.validating }, ['payments'], 'outrider'), []);
  t.same(leavingOut({ webhooks: judged.validating }, ['payments', 'default'], 'outrider'), ['payments']);
  t.same(leavingOut(undefined, ['payments'], 'outrider'), []);
  const skipped = entries({ ...payments, judgesItself: true, calledFor: 'true' });
  t.same(skipped.validating, judged.validating, 'the judge’s entry has no such condition');
  t.same(skipping({ webhooks: judged.mutating }, ['payments'], 'outrider'), []);
  t.same(skipping({ webhooks: skipped.mutating }, ['payments', 'default'], 'outrider'), ['payments']);
  t.not(selectorsKey({}, {}), selectorsKey({ matchLabels: { a: 'b' } }, {}), 'a proof is of these selectors');
  t.end();
});

t.test('the condition says what the API server does, and what it does not', (t) => {
  const why = { reason: 'amounts_by_pod', detail: 'a quota' } as const;
  const of = { namespaces: 2, images: 3, leftOut: 0, refused: undefined };
  t.match(injecting(of, undefined), {
    status: 'True',
    reason: 'ApiServerInjects',
    message: /in 2 namespaces, with 3 images/,
  });
  t.match(injecting({ ...of, leftOut: 4 }, undefined), {
    status: 'True',
    reason: 'ParametersTruncated',
    message: /; 4 more/,
  });
  const refused = { namespace: 'shop', why, count: 1 };
  t.match(injecting({ ...of, refused }, undefined), {
    reason: 'ApiServerInjects',
    message: /such as shop: amounts_by_pod/,
  });
  t.match(injecting({ ...of, namespaces: 0, refused }, undefined), { status: 'False', reason: 'NotClaimable' });
  t.match(injecting(of, undefined).message, /The webhook is not called for them\.$/);
  t.match(
    injecting(of, 'webhook z is called after ours').message,
    /called for them, too: webhook z is called after ours/,
  );
  t.match(notClaimable(why), {
    status: 'False',
    message: 'The webhook instruments the policy’s pods: amounts_by_pod, a quota.',
  });
  t.match(celRefused('compilation failed'), { reason: 'CelRefused', message: /compilation failed/ });
  t.match(pending('It waits.'), { status: 'Unknown', reason: 'Pending' });
  t.end();
});
