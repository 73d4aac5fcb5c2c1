import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { startApiServer } from './api-server.js';
import { applyAll } from './apply.js';
import { until } from './guarded-process.js';
import { agent, isInstrumented, isUntouched, wrapper } from './instrumented.js';
import { objectIn, type KubectlResult } from './kubectl.js';
import { limitRange, policy } from './objects.js';
import { add, startOtherWebhook, strip } from './other-webhook.js';
import { startOutrider, type ReviewLabels } from './outrider.js';
import { appArgs, appCommand, names, pod, summaryOf, withinRestricted, type PodSummary } from './pods.js';
import { everything, mutatingConfiguration, validatingConfiguration, type Entry } from './webhooks.js';

t.setTimeout(900_000);

const tokenMount = '/var/run/secrets/kubernetes.io/serviceaccount';

const availability = { 'outrider.dev/inject': 'enabled' };
const security = { tier: 'secure' };
const enforced = { tier: 'enforced' };
const insisting = { tier: 'insisting' };
const baseline = { 'pod-security.kubernetes.io/enforce': 'baseline' };
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

const namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  shop: availability,
  'shop-baseline': { ...availability, ...baseline },
  'shop-restricted': { ...availability, ...restricted },
  'shop-limits': availability,
  'shop-meshed': { ...availability, other: 'mesh' },
  'shop-stripped': { ...availability, other: 'strip' },
  'payments-stripped-once': { ...security, other: 'strip-once' },
  wide: { ...availability, scope: 'everything' },
  payments: security,
  'payments-restricted': { ...security, ...restricted },
  'payments-limits': security,
  'payments-meshed': { ...security, other: 'mesh' },
  'payments-stripped': { ...security, other: 'strip' },
  enforced,
  insisting: { ...insisting, ...baseline },
};

const namespaces = Object.entries(namespaceLabels).map(([name, labels]) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
}));

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());

const limits = ['shop-limits', 'payments-limits'].map(limitRange);
// What controller-manager would make: without it the ServiceAccount plugin lets no pod in.
const serviceAccounts = Object.keys(namespaceLabels).map((namespace) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace },
}));
await applyAll(api, namespaces);
await applyAll(api, [...serviceAccounts, ...limits]);

const outrider = await startOutrider(api, {
  'namespaces.yaml': namespaces,
  'policies.yaml': [
    policy('shops', availability, {}),
    policy('payments', security, { prefer: 'Security', precedence: 100 }),
    policy('enforced', enforced, { optOut: 'Forbidden' }),
    policy('insisting', insisting, { capability: 'Always' }),
  ],
});
t.teardown(() => outrider.stop());

const mesh = { name: 'mesh', image: 'registry.example/mesh:1', command: ['/mesh'] };
const other = await startOtherWebhook(api, { mesh: add(mesh), strip: strip(agent), 'strip-once': strip(agent) });
t.teardown(() => other.stop());

const entry = (
  door: 'mutate' | 'validate',
  name: string,
  rest: Pick<Entry, 'failurePolicy' | 'namespaces' | 'rules'>,
) => ({
  name: `${name}.outrider.dev`,
  url: outrider.url(door),
  caBundle: outrider.caBundle,
  ...rest,
});
const otherEntry = (habit: string, reinvocationPolicy: 'Never' | 'IfNeeded'): Entry => ({
  name: `${habit}.other.example`,
  url: other.url(habit),
  caBundle: outrider.caBundle,
  failurePolicy: 'Fail',
  namespaces: { other: habit },
  reinvocationPolicy,
});
await applyAll(api, [
  mutatingConfiguration('outrider', [
    entry('mutate', 'shops', { failurePolicy: 'Ignore', namespaces: availability }),
    entry('mutate', 'payments', { failurePolicy: 'Ignore', namespaces: security }),
    entry('mutate', 'enforced', { failurePolicy: 'Ignore', namespaces: enforced }),
    entry('mutate', 'insisting', { failurePolicy: 'Ignore', namespaces: insisting }),
    entry('mutate', 'wide', { failurePolicy: 'Ignore', namespaces: { scope: 'everything' }, rules: everything }),
  ]),
  validatingConfiguration('outrider', [
    entry('validate', 'shops', { failurePolicy: 'Ignore', namespaces: availability }),
    entry('validate', 'payments', { failurePolicy: 'Fail', namespaces: security }),
    entry('validate', 'enforced', { failurePolicy: 'Ignore', namespaces: enforced }),
    entry('validate', 'wide', { failurePolicy: 'Ignore', namespaces: { scope: 'everything' }, rules: everything }),
  ]),
  // Configurations are called in the order of their names: these come after ours.
  mutatingConfiguration('some-other', [
    otherEntry('mesh', 'IfNeeded'),
    otherEntry('strip', 'IfNeeded'),
    otherEntry('strip-once', 'Never'),
  ]),
]);
// The API server reads a new configuration a moment after it took it.
await until('the mutating webhooks', async () => {
  const { containers, status } = summaryOf(objectIn(await create('shop-meshed', pod('probe'), '--dry-run=server')));
  return containers.length === 2 && status === 'injected';
});
await until('the validating webhooks', async () => {
  const before = await outrider.count({ door: 'validate' });
  await create('shop', pod('probe'), '--dry-run=server');
  return (await outrider.count({ door: 'validate' })) > before;
});

function create(namespace: string, object: JsonObject, ...flags: readonly string[]): Promise<KubectlResult> {
  return api.kubectl(['create', '-n', namespace, '-f', '-', '-o', 'json', ...flags], JSON.stringify(object));
}

/** Creates a pod and reports it as it is stored, with the warnings that came with it. */
async function created(namespace: string, object: JsonObject): Promise<PodSummary & { readonly warnings: string }> {
  const result = await create(namespace, object);
  return { ...summaryOf(objectIn(result)), warnings: result.stderr };
}

/** How many more reviews with these labels there are after an action than before it. */
async function counted(labels: ReviewLabels, action: () => Promise<unknown>): Promise<number> {
  const before = await outrider.count(labels);
  await action();
  return (await outrider.count(labels)) - before;
}

t.test(
  'E17: a pod is instrumented as planned, in one call: the ServiceAccount plugin has nothing to add to ours',
  async (t) => {
    const calls = await counted(
      { door: 'mutate', policy: 'shops', decision: 'inject', reason: 'injected' },
      async () => {
        const summary = await created('shop', pod('web'));
        isInstrumented(t, summary);
        const [app] = summary.containers;
        t.same(app?.argv, [wrapper, ...appCommand, ...appArgs]);
        t.same(app?.env, ['SYSDIG_SIDECAR']);
        t.same(app?.added, ['SYS_PTRACE']);
        t.same(new Set(app?.mounts), new Set(['/opt/draios', '/opt/draios/bin', tokenMount]));
        for (const { name, mounts } of summary.initContainers) {
          t.ok(mounts.includes(tokenMount), `${name} has something at the token’s place`);
        }
        t.equal(summary.reason, 'injected');
        t.equal(summary.warnings, '');
      },
    );
    t.equal(calls, 1);
    const stored = objectIn(await api.kubectl(['get', 'pod', 'web', '-n', 'shop', '-o', 'json']));
    isInstrumented(t, summaryOf(stored));
  },
);

t.test('E29: a dry run is instrumented and leaves no pod', async (t) => {
  isInstrumented(t, summaryOf(objectIn(await create('shop', pod('rehearsal'), '--dry-run=server'))));
  t.match((await api.kubectl(['get', 'pod', 'rehearsal', '-n', 'shop'])).stderr, /NotFound/);
});

t.test('E29: a pod that a controller makes has neither name nor namespace yet', async (t) => {
  const template = pod('');
  const owned = {
    ...template,
    metadata: {
      generateName: 'web-6d4cf56db6-',
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-6d4cf56db6',
          uid: 'a7b2f6f0-0f3b-4c56-9c4f-0e1e2a3b4c5d',
          controller: true,
        },
      ],
    },
  };
  isInstrumented(t, await created('shop', owned));
});

t.test(
  'E23: namespaces that enforce a Pod Security level let the instrumented pod in, the capability left out',
  async (t) => {
    for (const [namespace, level] of [
      ['shop-baseline', 'baseline'],
      ['shop-restricted', 'restricted'],
      ['payments-restricted', 'restricted'],
    ] as const) {
      const summary = await created(namespace, pod('web', withinRestricted));
      isInstrumented(t, summary);
      t.same(summary.containers[0]?.added, [], namespace);
      t.match(summary.warnings, `capability_left_out: SYS_PTRACE left out: Pod Security ${level} refuses it`);
    }
    const { exitCode, stderr } = await create('insisting', pod('web', withinRestricted));
    t.not(exitCode, 0, 'with capability: Always the same pod is refused');
    t.match(stderr, /violates PodSecurity "baseline:latest".*SYS_PTRACE/);
  },
);

t.test('E17, E27: where a LimitRange gives every container a cpu limit, both doors agree on ours', async (t) => {
  for (const [namespace, policyName] of [
    ['shop-limits', 'shops'],
    ['payments-limits', 'payments'],
  ] as const) {
    const calls = await counted({ door: 'validate', policy: policyName, decision: 'inject' }, async () => {
      const summary = await created(namespace, pod('web'));
      isInstrumented(t, summary);
      const sidecar = summary.initContainers.find(({ name }) => name === agent);
      t.equal(sidecar?.limits['cpu'], '500m', 'ours has one too, and its own');
      t.equal(sidecar?.limits['memory'], '512Mi', 'and what the profile gives stays');
    });
    t.equal(calls, 1, namespace);
  }
});

t.test('E36: a pod opts out where the policy allows it, Security too; not where it is forbidden', async (t) => {
  const optedOut = { labels: { 'outrider.dev/inject': 'disabled' } };
  for (const namespace of ['shop', 'payments']) isUntouched(t, await created(namespace, pod('out', optedOut)));
  const summary = await created('enforced', pod('out', optedOut));
  isInstrumented(t, summary);
  t.match(summary.warnings, 'opt_out_ignored');
});

t.test('an unlabelled namespace calls nobody', async (t) => {
  const calls = await counted({}, async () => isUntouched(t, await created('plain', pod('web'))));
  t.equal(calls, 0);
});

t.test('E15, E16: a container whose argv nobody knows: skipped and said, or denied; an annotation helps', async (t) => {
  const silent = { container: { command: null, args: null } };
  const skipped = await created('shop', pod('silent', silent));
  t.same([skipped.status, skipped.initContainers], [undefined, []]);
  t.match(skipped.warnings, /Warning: outrider: not instrumented, image_unresolved: .*app/);
  const denied = await create('payments', pod('silent', silent));
  t.not(denied.exitCode, 0);
  t.match(denied.stderr, /policy payments does not let this pod run uninstrumented \(image_unresolved\)/);
  const annotations = { 'outrider.dev/images': '{"app": {"entrypoint": ["/entry"], "cmd": ["$5"]}}' };
  const told = await created('payments', pod('told', { ...silent, annotations }));
  isInstrumented(t, told);
  t.same(told.containers[0]?.argv, [wrapper, '/entry', '$$5'], 'E6');
});

t.test('E21, E29: other kinds, updates and ephemeral containers pass untouched', async (t) => {
  const calls = await counted({ door: 'mutate', reason: 'other_request' }, async () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes' }, data: { text: 'as it is' } };
    t.match(objectIn(await create('wide', configMap)), { data: configMap.data });
    isInstrumented(t, await created('wide', pod('web')));
    const before = objectIn(await api.kubectl(['get', 'pod', 'web', '-n', 'wide', '-o', 'json']));
    const labelled = await api.kubectl(['label', 'pod', 'web', '-n', 'wide', 'colour=blue', '-o', 'json']);
    const debugged = await api.kubectl([
      'debug',
      'web',
      '-n',
      'wide',
      '--image=tools',
      '--container=look',
      '--',
      '/look',
    ]);
    t.same([labelled.exitCode, debugged.exitCode], [0, 0], debugged.stderr);
    const after = objectIn(await api.kubectl(['get', 'pod', 'web', '-n', 'wide', '-o', 'json']));
    t.same(summaryOf(after), summaryOf(before));
    t.match(after, { spec: { ephemeralContainers: [{ name: 'look', command: ['/look'] }] } });
  });
  t.equal(calls, 3);
});

t.test(
  'E17, E18: a container that another webhook adds behind us is instrumented too, and nothing twice',
  async (t) => {
    for (const namespace of ['shop-meshed', 'payments-meshed']) {
      const summary = await created(namespace, pod('web'));
      isInstrumented(t, summary);
      t.same(
        summary.containers.map(({ name, argv }) => [name, ...argv]),
        [
          ['app', wrapper, ...appCommand, ...appArgs],
          ['mesh', wrapper, '/mesh'],
        ],
      );
      // Security sets reserved variables to what means none (F4).
      const unset = namespace.startsWith('payments') ? ['__INSTRUMENTATION_WRAPPER', 'SYSDIG_EXTRA_CONF'] : [];
      for (const { env, mounts } of summary.containers) {
        t.same(env, ['SYSDIG_SIDECAR', ...unset]);
        t.equal(mounts.filter((path) => path === '/opt/draios').length, 1);
      }
    }
  },
);

t.test('E17: another webhook strips our sidecar: Security denies, Availability allows and says so', async (t) => {
  const denied = await create('payments-stripped', pod('web'));
  t.not(denied.exitCode, 0);
  t.match(denied.stderr, /\(parts_missing\): missing: init container sysdig-workload-agent/);
  const allowed = await created('shop-stripped', pod('web'));
  t.notOk(names(allowed.initContainers).includes(agent));
  t.match(allowed.warnings, /Warning: outrider: not instrumented, parts_missing: missing: init container/);
});

t.test('E17: what another webhook strips in the first round only, our second call puts back', async (t) => {
  isInstrumented(t, await created('payments-stripped-once', pod('web')));
});

t.test('E37: the server is down: Availability lets pods run, Security does not', async (t) => {
  await outrider.stop();
  isUntouched(t, await created('shop', pod('during-outage')));
  const denied = await create('payments', pod('during-outage'));
  t.not(denied.exitCode, 0);
  t.match(denied.stderr, 'failed calling webhook "payments.outrider.dev"');
});
