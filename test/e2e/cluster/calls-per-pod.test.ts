import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiTokenPath } from '../../../src/model/api-token.js';
import { mutatingCalls, sumOfCalls } from './admission-calls.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { accessKey, conditionsOf, labelled, limitRange, namespace, policy } from './objects.js';
import { add, startOtherWebhook, type Change } from './other-webhook.js';
import { pod, type PodOptions } from './pods.js';
import { mutatingConfiguration } from './webhooks.js';

// The API server calls a mutating webhook once more where something changed a pod after it: a call that costs every
// pod's creation as much as the first.

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const vendor = { tier: 'datadog' };
const emptyVolume = 'outrider-no-api-token';
const podsEach = 5;

const here = await install();
t.teardown(() => here.stop());
const one = await here.addReplica('one');
const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: labelled,
  limited: labelled,
  meshed: { ...labelled, other: 'mesh' },
  payments: secure,
  observed: vendor,
};
await here.apply(Object.entries(namespaces).map(([name, labels]) => namespace(name, labels)));
await here.apply([
  ...['shop', 'limited', 'meshed', 'payments'].map((name) => accessKey(name)),
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'datadog-agent', namespace: 'observed' },
    data: { 'api-key': 'b25l' },
  },
  limitRange('limited'),
  policy('default', labelled),
  policy('payments', secure, { prefer: 'Security' }),
  policy('observed', vendor, { profile: { name: 'datadog' } }),
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'tokenless', namespace: 'shop' },
    automountServiceAccountToken: false,
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'tokenless', namespace: 'observed' },
    automountServiceAccountToken: false,
  },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: 'shop' }, data: { token: 'mine' } },
]);
for (const name of ['default', 'payments', 'observed']) {
  await until(`policy ${name}`, async () => conditionsOf(await here.get('ipol', name)).includes('InForce=True Proven'));
}
for (const name of Object.keys(namespaces)) {
  await until(`the ServiceAccount of ${name}`, async () => {
    const found = await here.api.kubectl(['get', 'serviceaccount', 'default', '-n', name]);
    return found.exitCode === 0;
  });
}

/** What happened to some pods that are alike. */
interface Made {
  /** Calls of our mutating door a pod, by the API server's count and by ours. */
  readonly calls: number;
  readonly answered: number;
  /** Which volume each container has mounted at the token's place, by the container's name. */
  readonly atToken: Readonly<Record<string, string | undefined>>;
  readonly pod: JsonObject;
}

let made = 0;

/** Creates pods, one after the other, and looks at the last. */
async function make(of: string, entry: string, options: PodOptions = {}): Promise<Made> {
  const callsOf = async (): Promise<number> =>
    sumOfCalls(await mutatingCalls(here.api), (name) => name.startsWith(`${entry}.`)).calls;
  const answers = (): Promise<number> => one.count({ door: 'mutate', policy: entry });
  const before = { calls: await callsOf(), answers: await answers() };
  let last: JsonObject = {};
  for (let count = 0; count < podsEach; count++) {
    const result = await here.create(of, pod(`pod-${made++}`, options));
    if (result.exitCode !== 0) throw new Error(result.stderr);
    const parsed: unknown = JSON.parse(result.stdout);
    last = isObject(parsed) ? parsed : {};
  }
  return {
    calls: ((await callsOf()) - before.calls) / podsEach,
    answered: ((await answers()) - before.answers) / podsEach,
    atToken: atTokenOf(last),
    pod: last,
  };
}

function atTokenOf(one: JsonObject): Readonly<Record<string, string | undefined>> {
  const spec = objectOf(one['spec']);
  const all = [...listOf(spec?.['initContainers']), ...listOf(spec?.['containers'])].filter(isObject);
  return Object.fromEntries(
    all.map((container) => {
      const mount = listOf(container['volumeMounts'])
        .filter(isObject)
        .find(({ mountPath }) => mountPath === apiTokenPath);
      return [stringOf(container['name']) ?? '', stringOf(mount?.['name'])];
    }),
  );
}

/** Each of the containers of Sysdig's profile has the empty volume there. */
function areClosed(t: Test, { atToken }: Made): void {
  const agent = 'sysdig-workload-agent';
  t.same(
    [`${agent}-tools`, `${agent}-copy`, agent].map((name) => atToken[name]),
    [emptyVolume, emptyVolume, emptyVolume],
  );
}

function isInjected(t: Test, { pod: { metadata } }: Made): void {
  t.equal(objectOf(objectOf(metadata)?.['labels'])?.['outrider.dev/status'], 'injected');
}

t.test('E17: one call a pod in a cluster of today', async (t) => {
  for (const [of, entry] of [
    ['shop', 'default'],
    ['payments', 'payments'],
  ] as const) {
    const result = await make(of, entry);
    t.match(result, { calls: 1, answered: 1 }, of);
    isInjected(t, result);
    areClosed(t, result);
    t.match(result.atToken['app'], /^kube-api-access-/, 'the workload has its token');
  }
});

t.test('E17: one call, too, where a LimitRange has defaults', async (t) => {
  // What the namespace asks for is learnt at its first pod.
  await make('limited', 'default');
  const result = await make('limited', 'default');
  t.match(result, { calls: 1, answered: 1 });
  isInjected(t, result);
  areClosed(t, result);
});

t.test('E17: one call where no token is mounted at all', async (t) => {
  for (const spec of [{ automountServiceAccountToken: false }, { serviceAccountName: 'tokenless' }]) {
    const result = await make('shop', 'default', { spec });
    t.match(result, { calls: 1, answered: 1 }, JSON.stringify(spec));
    isInjected(t, result);
    areClosed(t, result);
    t.equal(result.atToken['app'], undefined);
  }
});

t.test('F23: one call for an agent that asks the API server, which has the plug-in’s own mount', async (t) => {
  const result = await make('observed', 'observed');
  t.match(result, { calls: 1, answered: 1 });
  isInjected(t, result);
  const { atToken } = result;
  t.match(atToken['datadog-agent'], /^kube-api-access-/);
  t.equal(atToken['datadog-agent'], atToken['app']);
  t.equal(atToken['cws-instrumentation-init'], emptyVolume);
});

t.test('F23: such an agent has no token where the pod has none', async (t) => {
  for (const spec of [{ automountServiceAccountToken: false }, { serviceAccountName: 'tokenless' }]) {
    const result = await make('observed', 'observed', { spec });
    t.match(result, { calls: 1, answered: 1 }, JSON.stringify(spec));
    isInjected(t, result);
    t.equal(result.atToken['datadog-agent'], undefined);
  }
});

t.test(
  'F23: where only such an agent needs the token, the plug-in mounts it after us, and we are called again',
  async (t) => {
    const own = { volumeMounts: [{ name: 'own', mountPath: apiTokenPath }] };
    const spec = { volumes: [{ name: 'own', emptyDir: {} }] };
    const result = await make('observed', 'observed', { container: own, spec });
    t.match(result, { calls: 2, answered: 2 });
    isInjected(t, result);
    t.match(result.atToken['datadog-agent'], /^kube-api-access-/);
    t.equal(result.atToken['app'], 'own');
  },
);

t.test('F23: an author’s volume of the token’s name is in no container of ours', async (t) => {
  const spec = { volumes: [{ name: 'kube-api-access-mine', configMap: { name: 'mine' } }] };
  const sysdig = await make('shop', 'default', { spec });
  t.equal(sysdig.atToken['app'], 'kube-api-access-mine', 'the plug-in takes it for its own');
  t.match(sysdig, { calls: 1, answered: 1 });
  isInjected(t, sysdig);
  areClosed(t, sysdig);
  const datadog = await make('observed', 'observed', { spec });
  t.match(datadog, { calls: 1, answered: 1, atToken: { 'datadog-agent': emptyVolume } });
  isInjected(t, datadog);
});

t.test('F23: an author’s volume of our empty one’s name is in no container of ours', async (t) => {
  const spec = { volumes: [{ name: emptyVolume, configMap: { name: 'mine' } }] };
  const result = await make('shop', 'default', { spec });
  t.match(result, { calls: 1, answered: 1 });
  isInjected(t, result);
  t.equal(result.atToken['sysdig-workload-agent'], `${emptyVolume}-2`);
});

const identityPath = '/var/run/secrets/azure/wi';
const identityUse = { 'azure.workload.identity/use': 'true' };

/**
 * Gives each container the token of an identity, except for those that the pod's annotation names, as Azure's webhook
 * does.
 */
const identity: Change = (pod) => {
  const { metadata, spec } = { metadata: objectOf(pod['metadata']), spec: objectOf(pod['spec']) };
  if (objectOf(metadata?.['labels'])?.['azure.workload.identity/use'] !== 'true') return [];
  const skipped = stringOf(objectOf(metadata?.['annotations'])?.['azure.workload.identity/skip-containers']) ?? '';
  const operations: JsonObject[] = [];
  const name = 'azure-identity-token';
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of listOf(spec?.[list]).filter(isObject).entries()) {
      const mounts = listOf(container['volumeMounts']).filter(isObject);
      if (skipped.split(';').includes(stringOf(container['name']) ?? '')) continue;
      if (mounts.some(({ mountPath }) => mountPath === identityPath)) continue;
      const mount = { name, mountPath: identityPath, readOnly: true };
      operations.push({ op: 'add', path: `/spec/${list}/${index}/volumeMounts/-`, value: mount });
    }
  }
  if (listOf(spec?.['volumes']).some((volume) => objectOf(volume)?.['name'] === name)) return operations;
  const token = { audience: 'api://AzureADTokenExchange', expirationSeconds: 3600, path: 'token/azure-identity-token' };
  const volume = { name, projected: { sources: [{ serviceAccountToken: token }] } };
  return [...operations, { op: 'add', path: '/spec/volumes/-', value: volume }];
};

t.test(
  'F23: a webhook that comes before us and gives identities gives ours none, and we are called once',
  async (t) => {
    const other = await startOtherWebhook(here.api, { identity });
    t.teardown(() => other.stop());
    await here.apply([
      mutatingConfiguration('azure-identity', [
        {
          name: 'identity.other.example',
          url: other.url('identity'),
          caBundle: readFileSync(here.api.caFile).toString('base64'),
          failurePolicy: 'Fail',
          namespaces: { tier: 'secure' },
        },
      ]),
    ]);
    const labels = identityUse;
    const identified = ({ pod: { spec } }: Made): readonly string[] =>
      [...listOf(objectOf(spec)?.['initContainers']), ...listOf(objectOf(spec)?.['containers'])]
        .filter(isObject)
        .filter(({ volumeMounts }) =>
          listOf(volumeMounts).some((mount) => objectOf(mount)?.['mountPath'] === identityPath),
        )
        .map(({ name }) => stringOf(name) ?? '');
    await until('the webhook', async () => identified(await make('payments', 'payments', { labels })).includes('app'));
    const result = await make('payments', 'payments', { labels });
    t.match(result, { calls: 1, answered: 1 });
    isInjected(t, result);
    t.same(identified(result), ['app']);
  },
);

t.test('E17: two calls where another webhook changes the pod behind us', async (t) => {
  const mesh = { name: 'mesh', image: 'registry.example/mesh:1', command: ['/mesh'] };
  const other = await startOtherWebhook(here.api, { mesh: add(mesh) });
  t.teardown(() => other.stop());
  await here.apply([
    // Configurations are called in the order of their names: this one comes after ours.
    mutatingConfiguration('some-other', [
      {
        name: 'mesh.other.example',
        url: other.url('mesh'),
        caBundle: readFileSync(here.api.caFile).toString('base64'),
        failurePolicy: 'Fail',
        namespaces: { other: 'mesh' },
      },
    ]),
  ]);
  await until('the other webhook', async () => 'mesh' in (await make('meshed', 'default')).atToken);
  const result = await make('meshed', 'default');
  t.match(result, { calls: 2, answered: 2 });
  isInjected(t, result);
  areClosed(t, result);
});
