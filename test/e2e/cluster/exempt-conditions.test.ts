import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import t from 'tap';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { desiredRegistration } from '../../../src/cluster/registration/desired.js';
import type { WebhookEntry } from '../../../src/cluster/registration/entry.js';
import { registeredPolicies } from '../../../src/cluster/registration/registered-policy.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { policySchema } from '../../../src/model/policy.js';
import type { StringMap } from '../../../src/model/selector.js';
import { profileRegistry } from '../../../src/profile/registry.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { startApiServer } from './api-server.js';
import { clientOf } from './in-cluster.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

// By hand for minutes.
const randomPods = Number(process.env['EXEMPT_PODS'] ?? 120);

const security = { prefer: 'Security' } as const;
const node = { profile: { name: 'datadog-node', settings: { site: 'datadoghq.com' } } };
/** Policies by name, each with entries of its own: what is exempt follows from what they admit, and from the profile. */
const specs: Readonly<Record<string, JsonObject>> = {
  network: { ...security, admitUninstrumented: ['host_network'] },
  process: { ...security, admitUninstrumented: ['host_pid'] },
  mirror: { ...security, admitUninstrumented: ['mirror_pod'] },
  windows: { ...security, admitUninstrumented: ['windows'] },
  recovery: { ...security, admitUninstrumented: ['host_network', 'mirror_pod'] },
  every: { ...security, admitUninstrumented: ['host_network', 'host_pid', 'mirror_pod', 'windows'] },
  all: {
    ...security,
    admitUninstrumented: ['host_network', 'host_pid', 'mirror_pod', 'windows', 'virtual_node', 'sandboxed_runtime'],
  },
  forbidden: { ...security, optOut: 'Forbidden', admitUninstrumented: ['host_network'] },
  excluding: { ...security, containers: { exclude: ['app'] }, admitUninstrumented: ['host_network'] },
  older: { ...security, agent: { placement: 'Native' }, admitUninstrumented: ['host_network'] },
  onTheNode: { ...security, ...node, admitUninstrumented: ['host_network', 'windows'] },
  none: { ...security },
  reporting: { ...security, mode: 'Report', admitUninstrumented: ['host_network'] },
  available: { optOut: 'Forbidden', admitUninstrumented: ['host_network'] },
};
const exempting = Object.keys(specs).filter((name) => !['none', 'reporting', 'available'].includes(name));
// Where even the agent's placement is in the way: what a pod is exempt for counts before that.
const engines = new Map(
  Object.entries(specs).map(([name, spec]) => [
    name,
    engineFor(spec, name === 'older' ? { facts: { nativeSidecars: false } } : {}),
  ]),
);
/** Namespaces by name, with what their label says. */
const spaces: Readonly<Record<string, StringMap>> = {
  plain: {},
  enabled: { 'outrider.dev/inject': 'enabled' },
  disabled: { 'outrider.dev/inject': 'disabled' },
  odd: { 'outrider.dev/inject': 'nonsense' },
};

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
const client = clientOf(api.kubeconfig);
t.teardown(() => client.close());

/** What another webhook, called after ours, makes of a pod that is labelled for it: it takes it off the host's network. */
const takesBack = [{ op: 'replace', path: '/spec/hostNetwork', value: false }];
const takenBack = { 'taken-back': 'yes' };

/** Who was called for a pod, as `policy door`, and what was sent to the doors that are always called. */
const calls = new Map<string, Set<string>>();
const sent = new Map<string, JsonObject>();
const pair = await api.authority.server('doors', ['localhost']);
const server = createServer(
  { cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) },
  (request, response) => {
    void text(request).then((body) => {
      const review: unknown = JSON.parse(body);
      const asked = objectOf(isObject(review) ? review['request'] : undefined);
      const object = objectOf(asked?.['object']) ?? {};
      const [, policy = '', door = ''] = (request.url ?? '').split('/');
      const name = stringOf(objectOf(object['metadata'])?.['name']) ?? '';
      const isOther = policy === 'other';
      if (policy === 'witness') sent.set(`${name} ${door}`, object);
      else if (!isOther) calls.set(name, (calls.get(name) ?? new Set()).add(`${policy} ${door}`));
      const patch = Buffer.from(JSON.stringify(takesBack)).toString('base64');
      const answer = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: asked?.['uid'], allowed: true, ...(isOther ? { patchType: 'JSONPatch', patch } : {}) },
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  },
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
t.teardown(() => {
  server.closeAllConnections();
  server.close();
});
const address = server.address();
const url = `https://localhost:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
const caBundle = readFileSync(api.caFile).toString('base64');
const { profiles } = profileRegistry();

/** A policy's entries, called at an address of their own. */
function entriesOf(name: string, spec: JsonObject) {
  const policy = policySchema.parse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name: name.toLowerCase() },
    spec: { profile: { name: 'sysdig' }, ...spec },
  });
  const profile = profiles.get(policy.spec.profile.name);
  const installation = {
    instance: 'outrider',
    ownNamespace: 'outrider-system',
    excludedNamespaces: [],
    address: { url: `${url}/${name}` },
    timeoutSeconds: 10,
  };
  return desiredRegistration(registeredPolicies([{ policy, profile, known: undefined }]), installation, caBundle, []);
}

const ofPolicies = Object.entries(specs).map(([name, spec]) => entriesOf(name, spec));
const witness = entriesOf('witness', { ...security });
await register('Mutating', [...witness.mutating.slice(1), ...ofPolicies.flatMap(({ mutating }) => mutating.slice(1))]);
await register('Validating', [
  ...witness.validating.slice(1),
  ...ofPolicies.flatMap(({ validating }) => validating.slice(1)),
]);

const [, ofOther] = entriesOf('other', { match: { podSelector: { matchLabels: takenBack } } }).mutating;
if (ofOther === undefined) throw new Error('there is no entry');
await register('Mutating', [ofOther], 'the-other');

async function register(
  kind: 'Mutating' | 'Validating',
  webhooks: readonly WebhookEntry[],
  configuration = 'outrider',
): Promise<void> {
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: configuration },
    webhooks,
  };
  const resource = kind === 'Mutating' ? resources.mutatingWebhooks : resources.validatingWebhooks;
  await client.create(pathOf(resource), object);
}

await api.kubectl(
  ['apply', '-f', '-'],
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...Object.entries(spaces).flatMap(([name, labels]) => [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
      ]),
      ...['gvisor', 'plain'].map((name) => ({
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name },
        handler: name,
      })),
    ],
  }),
);

let made = 0;

/** Creates a pod by a dry run. Returns its name; a refusal by the API server itself is no failure. */
async function tryOut(namespace: string, shape: JsonObject): Promise<string> {
  const name = `pod-${made++}`;
  const object = { ...shape, metadata: { ...objectOf(shape['metadata']), name } };
  try {
    await client.create(`/api/v1/namespaces/${namespace}/pods`, object, { query: { dryRun: 'All' } });
  } catch (error) {
    if (!isApiError(error, 'Invalid', 'BadRequest', 'Forbidden')) throw error;
  }
  return name;
}

/** What is wrong: a policy's door that is called for a pod which its policy exempts, or is not for another. */
function disagreements(namespace: string, name: string): readonly string[] {
  const wrong: string[] = [];
  const called = calls.get(name) ?? new Set();
  for (const [door, verb] of [
    ['mutate', 'mutate'],
    ['validate', 'validate'],
  ] as const) {
    const object = sent.get(`${name} ${door}`);
    if (object === undefined) continue;
    for (const policy of Object.keys(specs)) {
      const engine = engines.get(policy);
      if (engine === undefined || (door === 'validate' && policy === 'reporting')) continue;
      const about = { namespace, namespaceLabels: spaces[namespace] ?? {}, trace: true };
      const { decision } = decideNow(object, engine, verb, about);
      const exempt = decision.steps.some(({ subject }) => subject === 'webhook');
      if (exempt && (decision.decision !== 'skip' || !exempting.includes(policy))) wrong.push(`${policy}: not a skip`);
      if (exempt === called.has(`${policy} ${door}`)) {
        wrong.push(`${policy} ${door}: ${exempt ? 'called' : 'not called'}, ${decision.decision} ${decision.reason}`);
      }
    }
  }
  return wrong;
}

const mirror = { annotations: { 'kubernetes.io/config.mirror': '' }, spec: { nodeName: 'node-1' } };
const network = { hostNetwork: true };

t.test('F20: pods that are exempt for one reason', async (t) => {
  const shapes: readonly (readonly [string, JsonObject, readonly string[]])[] = [
    ['plain', pod('x'), []],
    [
      'hostNetwork',
      pod('x', { spec: network }),
      ['network', 'recovery', 'every', 'all', 'forbidden', 'excluding', 'older'],
    ],
    ['hostNetwork: false', pod('x', { spec: { hostNetwork: false } }), []],
    ['hostPID', pod('x', { spec: { hostPID: true } }), ['process', 'every', 'all']],
    ['mirror', pod('x', mirror), ['mirror', 'recovery', 'every', 'all']],
    ['os', pod('x', { spec: { os: { name: 'windows' } } }), ['windows', 'every', 'all', 'onTheNode']],
    ['linux', pod('x', { spec: { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'linux' } } }), []],
    [
      'selector',
      pod('x', { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }),
      ['windows', 'every', 'all', 'onTheNode'],
    ],
    [
      'old selector',
      pod('x', { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } } }),
      ['windows', 'every', 'all', 'onTheNode'],
    ],
    ['virtual node', pod('x', { spec: { ...network, nodeSelector: { type: 'virtual-kubelet' } } }), ['all']],
    [
      'tolerates virtual nodes',
      pod('x', {
        spec: {
          ...network,
          tolerations: [{ operator: 'Exists' }, { key: 'virtual-kubelet.io/provider', operator: 'Exists' }],
        },
      }),
      ['all'],
    ],
    [
      'tolerates all',
      pod('x', { spec: { ...network, tolerations: [{ operator: 'Exists' }] } }),
      ['network', 'recovery', 'every', 'all', 'forbidden', 'excluding', 'older'],
    ],
    ['runtime class', pod('x', { spec: { ...network, runtimeClassName: 'gvisor' } }), ['all']],
    [
      'a mirror on the host’s network',
      pod('x', { ...mirror, spec: { ...mirror.spec, ...network } }),
      ['mirror', 'recovery', 'every', 'all'],
    ],
    [
      'opted out',
      pod('x', { spec: network, labels: { 'outrider.dev/inject': 'disabled' } }),
      ['network', 'recovery', 'every', 'all', 'forbidden', 'excluding', 'older'],
    ],
    [
      'label that cannot be read',
      pod('x', { spec: network, labels: { 'outrider.dev/inject': 'no' } }),
      ['network', 'recovery', 'every', 'all', 'forbidden', 'excluding', 'older'],
    ],
    [
      'narrowed',
      pod('x', { spec: network, annotations: { 'outrider.dev/containers': 'other' } }),
      ['network', 'recovery', 'every', 'all', 'forbidden', 'excluding', 'older'],
    ],
  ];
  for (const [what, shape, expected] of shapes) {
    for (const namespace of Object.keys(spaces)) {
      const name = await tryOut(namespace, shape);
      t.ok(sent.has(`${name} validate`), `${what}: the pod is good`);
      const left = exempting.filter((policy) => calls.get(name)?.has(`${policy} validate`) !== true);
      t.same(left.sort(), [...expected].sort(), `${what}, in ${namespace}`);
      t.same(disagreements(namespace, name), [], what);
    }
  }
});

t.test('F20: the API server asks about a pod exactly where the engine does not exempt it', async (t) => {
  const maybe = <Value>(...values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
  const shape = fc.record({
    hostNetwork: maybe(true, true, false),
    hostPID: maybe(true, false),
    shareProcessNamespace: maybe(true, false),
    os: maybe({ name: 'windows' }, { name: 'linux' }),
    nodeSelector: maybe<StringMap>(
      { 'kubernetes.io/os': 'windows' },
      { 'beta.kubernetes.io/os': 'windows', 'kubernetes.io/os': 'linux' },
      { 'kubernetes.io/os': 'linux', type: 'other' },
      { type: 'virtual-kubelet' },
      {},
    ),
    tolerations: maybe<readonly JsonObject[]>(
      [],
      [{ operator: 'Exists' }],
      [{ key: 'virtual-kubelet.io/provider', operator: 'Exists' }],
      [
        { key: 'other', operator: 'Exists' },
        { key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' },
      ],
    ),
    runtimeClassName: maybe('gvisor', 'plain'),
    nodeName: maybe('node-1'),
    restartPolicy: maybe('Never', 'Always'),
  });
  const metadata = fc.record({
    annotations: maybe<StringMap>(
      { 'kubernetes.io/config.mirror': 'x' },
      { 'kubernetes.io/config.mirror': '', 'outrider.dev/containers': 'none' },
      { 'outrider.dev/containers': 'app' },
      { 'outrider.dev/containers': 'none' },
    ),
    labels: maybe<StringMap>(
      { 'outrider.dev/inject': 'enabled' },
      { 'outrider.dev/inject': 'disabled' },
      { 'outrider.dev/inject': 'no' },
    ),
  });
  let exempt = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(spaces)), shape, metadata, async (namespace, spec, about) => {
      const given = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
      const { annotations = {}, labels = {} } = about;
      const name = await tryOut(namespace, pod('x', { spec: given, annotations, labels }));
      if (!calls.get(name)?.has('every mutate')) exempt += 1;
      const wrong = disagreements(namespace, name);
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
    }),
    { numRuns: randomPods },
  );
  t.ok(exempt > randomPods / 10 && exempt < randomPods, `${exempt} of ${randomPods} were exempt`);
});

t.test('F20: no list of a pod’s author costs the API server more than its length', async (t) => {
  const tolerating = (count: number) => ({
    tolerations: Array.from({ length: count }, () => ({ key: 'a', operator: 'Exists' })),
  });
  /** In how many milliseconds it is decided on. */
  const timed = async (spec: JsonObject): Promise<number> => {
    const startMs = performance.now();
    const name = await tryOut('plain', pod('x', { spec }));
    const tookMs = performance.now() - startMs;
    t.same(disagreements('plain', name), []);
    t.ok(calls.get(name)?.has('network validate'), 'it is asked about');
    return tookMs;
  };
  const name = await tryOut('plain', pod('x', { spec: { ...network, ...tolerating(90) } }));
  t.notOk(calls.get(name)?.has('network validate'), 'a pod of many is not asked about');
  await timed({ ...network, ...tolerating(101) });
  const plainMs = await timed(tolerating(10_000));
  const exemptMs = await timed({ ...network, ...tolerating(10_000) });
  t.ok(exemptMs < 2 * plainMs + 500, `${Math.round(exemptMs)} ms, and ${Math.round(plainMs)} without hostNetwork`);
});

t.test('F20: a pod that another webhook makes one to be asked about is asked about at the end', async (t) => {
  const name = await tryOut('plain', pod('x', { spec: network, labels: takenBack }));
  const called = calls.get(name) ?? new Set();
  t.equal(objectOf(sent.get(`${name} validate`)?.['spec'])?.['hostNetwork'], undefined);
  t.notOk(called.has('network mutate'), 'the API server does not call a webhook again that it has not called');
  t.ok(called.has('network validate'), 'so it is not changed, and the validating door refuses it');
  const engine = engineFor(specs['network']);
  const object = sent.get(`${name} validate`) ?? {};
  t.match(decideNow(object, engine, 'validate').decision, { decision: 'deny', reason: 'parts_missing' });
});

t.test('F20: who says that a pod is a mirror cannot take it back, and needs a node’s name for it', async (t) => {
  const path = '/api/v1/namespaces/plain/pods';
  await t.rejects(client.create(path, pod('nowhere', { annotations: mirror.annotations })), {
    message: /must set spec.nodeName if mirror pod annotation is set/,
  });
  await client.create(path, pod('forged', mirror));
  const removal = { metadata: { annotations: { 'kubernetes.io/config.mirror': null } } };
  await t.rejects(client.patch(`${path}/forged`, 'merge', removal), { message: /may not remove or update mirror pod/ });
  await client.create(path, pod('plain'));
  await t.rejects(client.patch(`${path}/plain`, 'merge', { metadata: { annotations: mirror.annotations } }), {
    message: /may not add mirror pod/,
  });
});
