import t from 'tap';
import { isObject, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { agent, isInstrumented, isUntouched, wrapper } from './instrumented.js';
import { objectIn } from './kubectl.js';
import { accessKey, labelled, namespace, policy } from './objects.js';
import type { ReviewLabels } from './outrider.js';
import { appArgs, appCommand, pod, summaryOf, withinRestricted, type PodSummary } from './pods.js';

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const enforced = { tier: 'enforced' };
const insisting = { tier: 'insisting' };
const baseline = { 'pod-security.kubernetes.io/enforce': 'baseline' };
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  shop: labelled,
  'shop-baseline': { ...labelled, ...baseline },
  'shop-restricted': { ...labelled, ...restricted },
  'shop-limits': labelled,
  'shop-narrow': { ...labelled, tier: 'narrow' },
  'shop-off': { ...labelled, tier: 'off' },
  'shop-reported': { ...labelled, tier: 'reported' },
  payments: { ...labelled, ...secure },
  'payments-restricted': { ...secure, ...restricted },
  'payments-limits': secure,
  enforced,
  insisting: { ...insisting, ...baseline },
};
const withLimits = ['shop-limits', 'payments-limits'];

const limits = withLimits.map((inNamespace) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'narrow', namespace: inNamespace },
  spec: {
    limits: [
      {
        type: 'Container',
        max: { memory: '300Mi' },
        default: { cpu: '750m' },
        defaultRequest: { cpu: '50m', memory: '64Mi' },
      },
    ],
  },
}));

const here = await install();
t.teardown(() => here.stop());
const one = await here.addReplica('one');
await here.apply(Object.entries(namespaces).map(([name, labels]) => namespace(name, labels)));
await here.apply([
  ...Object.keys(namespaces).map((name) => accessKey(name)),
  ...limits,
  policy('default', labelled),
  policy('payments', secure, { prefer: 'Security', precedence: 100 }),
  policy('enforced', enforced, { optOut: 'Forbidden', precedence: 100 }),
  policy('insisting', insisting, { capability: 'Always', precedence: 100 }),
  policy('narrow', { tier: 'narrow' }, { precedence: 100, containers: { include: ['worker'] } }),
  policy('off', { tier: 'off' }, { precedence: 100, mode: 'Off' }),
  policy('reported', { tier: 'reported' }, { precedence: 100, mode: 'Report', prefer: 'Security' }),
]);
const inForce = await here.api.kubectl(['wait', '--for=condition=InForce', 'ipol', '--all', '--timeout=60s']);
if (inForce.exitCode !== 0) throw new Error(inForce.stderr);

/** How many more reviews with these labels there are after an action than before it. */
async function counted(labels: ReviewLabels, action: () => Promise<unknown>): Promise<number> {
  const before = await one.count(labels);
  await action();
  return (await one.count(labels)) - before;
}

/** The pods of a namespace whose controller is of this kind. */
async function podsMadeBy(kind: string, inNamespace: string): Promise<readonly PodSummary[]> {
  const pods = objectIn(await here.api.kubectl(['get', 'pods', '-n', inNamespace, '-o', 'json']));
  return listOf(pods['items'])
    .filter(isObject)
    .filter((one) => ownersOf(one).includes(kind))
    .map(summaryOf);
}

function ownersOf(one: JsonObject): readonly unknown[] {
  return listOf(objectOf(one['metadata'])?.['ownerReferences']).map((owner) => objectOf(owner)?.['kind']);
}

t.test(
  'E17: a pod is instrumented as planned, in one call: the ServiceAccount plugin has nothing to add to ours',
  async (t) => {
    const calls = await counted({ door: 'mutate', policy: 'default', decision: 'inject' }, async () => {
      const summary = await here.created('shop', pod('web'));
      isInstrumented(t, summary);
      t.same(summary.containers[0]?.argv, [wrapper, ...appCommand, ...appArgs]);
      t.same([summary.reason, summary.warnings], ['injected', '']);
    });
    t.equal(calls, 1);
    isInstrumented(t, summaryOf(await here.get('pod', 'web', 'shop')));
  },
);

t.test('E26, E29: the pods of a Deployment and of a Job are instrumented', async (t) => {
  const { spec } = pod('');
  const template = { metadata: { labels: { app: 'web' } }, spec };
  await here.apply([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'bill', namespace: 'payments' },
      spec: { template: { spec: { ...objectOf(spec), restartPolicy: 'Never' } } },
    },
  ]);
  for (const [kind, inNamespace, count] of [
    ['ReplicaSet', 'shop', 2],
    ['Job', 'payments', 1],
  ] as const) {
    await until(`pods of a ${kind}`, async () => (await podsMadeBy(kind, inNamespace)).length === count);
    for (const summary of await podsMadeBy(kind, inNamespace)) isInstrumented(t, summary);
  }
});

t.test('an unlabelled namespace calls nobody, by the replica’s count and by connections', async (t) => {
  const { connections } = here.balancer;
  const rejected = await one.metric('outrider_rejected_requests_total');
  const calls = await counted({}, async () => {
    for (const name of ['web', 'web-2', 'web-3']) isUntouched(t, await here.created('plain', pod(name)));
  });
  t.equal(calls, 0);
  t.equal(await one.metric('outrider_rejected_requests_total'), rejected);
  t.equal(here.balancer.connections, connections);
});

t.test('of two policies the stronger one decides, also where it does nothing', async (t) => {
  for (const [inNamespace, winner, reason] of [
    ['shop-narrow', 'narrow', 'no_container_selected'],
    ['shop-off', 'off', 'policy_off'],
  ] as const) {
    const calls = await counted({ door: 'mutate', policy: winner, reason }, async () =>
      isUntouched(t, await here.created(inNamespace, pod('web'))),
    );
    t.ok(calls > 0, `${winner} was asked about a pod that the weaker one would instrument`);
  }
  const calls = await counted({ door: 'mutate', policy: 'default' }, async () =>
    isInstrumented(t, await here.created('payments', pod('web'))),
  );
  t.equal(calls, 0, 'the weaker entry calls too, and the stronger policy decides');
});

t.test('Report says what it would do, and does nothing', async (t) => {
  const summary = await here.created('shop-reported', pod('web'));
  isUntouched(t, summary);
  t.match(summary.warnings, /outrider: not instrumented, report_mode: would be inject \(injected\): app/);
  const denied = await here.created('shop-reported', pod('net', { spec: { hostNetwork: true } }));
  t.match(denied.warnings, 'would be deny (host_network)');
});

t.test('E36: opting out holds where it is allowed, and nowhere else', async (t) => {
  const optedOut = { labels: { 'outrider.dev/inject': 'disabled' } };
  for (const name of ['shop', 'payments']) isUntouched(t, await here.created(name, pod('out', optedOut)));
  const summary = await here.created('enforced', pod('out', optedOut));
  isInstrumented(t, summary);
  t.match(summary.warnings, 'opt_out_ignored');
});

t.test('E17, E36: a look-alike of the instrumentation is no way out', async (t) => {
  const forged = pod('forged', {
    labels: { 'outrider.dev/status': 'injected' },
    annotations: { 'outrider.dev/plan': 'sysdig/1/000000000000', 'outrider.dev/reason': 'injected' },
    container: {
      command: [wrapper, ...appCommand],
      volumeMounts: [{ name: agent, mountPath: '/opt/draios', readOnly: true }],
    },
    spec: { volumes: [{ name: agent, emptyDir: {} }] },
  });
  const denied = await here.create('payments', forged);
  t.equal(denied.exitCode, 1);
  t.match(denied.stderr, 'policy payments does not let this pod run uninstrumented (parts_differ)');
  const restored = await here.created('enforced', forged);
  t.match(restored.warnings, 'parts_put_back', 'where opting out is forbidden, what is ours is put back');
  t.ok(restored.initContainers.some(({ name }) => name === agent));
  const allowed = await here.created('shop', forged);
  t.match(allowed.warnings, 'not instrumented, parts_differ');
});

t.test('E23: namespaces that enforce a Pod Security level let the instrumented pod in', async (t) => {
  for (const [inNamespace, level] of [
    ['shop-baseline', 'baseline'],
    ['shop-restricted', 'restricted'],
    ['payments-restricted', 'restricted'],
  ] as const) {
    const summary = await here.created(inNamespace, pod('web', withinRestricted));
    isInstrumented(t, summary);
    t.same(summary.containers[0]?.added, [], inNamespace);
    t.match(summary.warnings, `capability_left_out: SYS_PTRACE left out: Pod Security ${level} refuses it`);
  }
  const { exitCode, stderr } = await here.create('insisting', pod('web', withinRestricted));
  t.equal(exitCode, 1, 'with capability: Always the same pod is refused');
  t.match(stderr, /violates PodSecurity "baseline:latest".*SYS_PTRACE/);
});

t.test('E17, E27, F21: with the rights of the chart our containers are fitted to a LimitRange', async (t) => {
  for (const inNamespace of withLimits) {
    const summary = await here.created(inNamespace, pod('web'));
    isInstrumented(t, summary);
    const sidecar = summary.initContainers.find(({ name }) => name === agent);
    t.equal(sidecar?.limits['cpu'], '750m', 'the LimitRange’s default');
    t.equal(sidecar?.limits['memory'], '300Mi', 'and its max');
    t.notMatch(summary.warnings, 'resources_not_fitted');
  }
});

t.test('E29: a dry run is instrumented and leaves no pod', async (t) => {
  isInstrumented(t, await here.created('shop', pod('rehearsal'), '--dry-run=server'));
  t.match((await here.api.kubectl(['get', 'pod', 'rehearsal', '-n', 'shop'])).stderr, /NotFound/);
});
