import t from 'tap';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented } from './instrumented.js';
import { accessKey, conditionsOf, labelled, messageOf, namespace, policy } from './objects.js';
import { pod, summaryOf } from './pods.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const secure = { tier: 'secure' };
const credentials = { secretRef: { name: 'agent', key: 'access-key' }, mirror: true };

const here = await install({ values: { mirrorSecrets: true } });
t.teardown(() => here.stop());
await here.addReplica('one');
await here.addReplica('two');
await here.apply([
  ...['shop', 'squat'].map((name) => namespace(name, labelled)),
  namespace('plain'),
  namespace('payments', secure),
  accessKey(own, 'agent', 'first'),
]);
await here.apply([
  accessKey('payments'),
  policy('default', labelled, { credentials }),
  policy('payments', secure, { prefer: 'Security' }),
]);
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());

const injected = (inNamespace: string): Promise<void> =>
  until(`an instrumented pod in ${inNamespace}`, async () => {
    return (await here.created(inNamespace, pod('probe'), '--dry-run=server')).status === 'injected';
  });

/** Names of the copies of a namespace. */
async function copiesIn(inNamespace: string): Promise<readonly string[]> {
  const { items } = await client.list(pathOf(resources.secrets, { namespace: inNamespace }));
  return items
    .map((secret) => stringOf(objectOf(secret['metadata'])?.['name']) ?? '')
    .filter((name) => name.startsWith('outrider-default-'));
}

/** The access key that a namespace's Secret holds; empty where there is none. */
async function keyIn(inNamespace: string, name: string): Promise<string> {
  const { stdout } = await here.api.kubectl([
    'get',
    'secret',
    name,
    '-n',
    inNamespace,
    '--ignore-not-found',
    '-o',
    'json',
  ]);
  const secret: unknown = stdout === '' ? undefined : JSON.parse(stdout);
  const value = stringOf(objectOf(objectOf(secret)?.['data'])?.['access-key']) ?? '';
  return Buffer.from(value, 'base64').toString();
}

/** The Secrets that a pod's variables come from. */
function secretsOf(one: JsonObject): readonly unknown[] {
  const { initContainers, containers } = objectOf(one['spec']) ?? {};
  return [...listOf(initContainers), ...listOf(containers)]
    .flatMap((container) => listOf(objectOf(container)?.['env']))
    .map((variable) => objectOf(objectOf(objectOf(variable)?.['valueFrom'])?.['secretKeyRef'])?.['name'])
    .filter((name) => name !== undefined);
}

await until('a copy', async () => (await copiesIn('shop')).length === 1);
const [copy = ''] = await copiesIn('shop');
await injected('shop');

t.test('E31: the key is copied into matched namespaces, and pods refer to the copy', async (t) => {
  t.equal(await keyIn('shop', copy), 'first');
  t.same(await copiesIn('plain'), []);
  isInstrumented(t, await here.created('shop', pod('web')));
  const stored = await here.get('pod', 'web', 'shop');
  t.same(secretsOf(stored), [copy]);
  t.match(stored, { metadata: { annotations: { 'outrider.dev/credentials': /^[0-9a-f]{12}$/ } } });
});

t.test('a new namespace’s first pod finds its copy, made in the call', async (t) => {
  await client.create(pathOf(resources.namespaces), namespace('new', labelled));
  // No pod comes before its ServiceAccount; it may have been made meanwhile.
  const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  const path = pathOf(resources.serviceAccounts, { namespace: 'new' });
  await client.create(path, serviceAccount).catch((error: unknown) => {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  });
  const made = await client.create(pathOf(resources.pods, { namespace: 'new' }), pod('first'));
  // The leader lets changes of namespaces settle for half a second: it was not the one.
  const there = await copiesIn('new');
  isInstrumented(t, summaryOf(made));
  t.same(there, [copy]);
  t.same(secretsOf(made), [copy]);
});

t.test('E31: a Secret of the copy’s name that is somebody else’s is said, and stays', async (t) => {
  // The namespace is not matched any more, its copy goes, and then someone is quicker.
  await here.api.kubectl(['label', 'namespace', 'squat', 'outrider.dev/inject-']);
  await until('the copy’s removal', async () => (await copiesIn('squat')).length === 0);
  await here.apply([accessKey('squat', copy, 'planted')]);
  await here.api.kubectl(['label', 'namespace', 'squat', 'outrider.dev/inject=enabled']);
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'default')).includes('CredentialsPresent=False Blocked'),
  );
  t.match(messageOf(await here.get('ipol', 'default'), 'CredentialsPresent'), 'squat');
  const said = await here.created('squat', pod('web'));
  t.equal(said.status, undefined);
  t.match(said.warnings, `credentials_blocked: Secret squat/${copy} is not Outrider’s copy`);
  t.equal(await keyIn('squat', copy), 'planted');
});

t.test('a change of the source reaches the copies', async (t) => {
  await here.apply([accessKey(own, 'agent', 'second')]);
  for (const name of ['shop', 'new'])
    await until(`the change in ${name}`, async () => (await keyIn(name, copy)) === 'second');
  t.equal(await keyIn('squat', copy), 'planted');
});

t.test('Events stand on the Deployment, not on the ReplicaSet', async (t) => {
  const silent = { name: 'silent', image: 'registry.example/silent:1' };
  const deployment = (name: string, inNamespace: string, spec: JsonObject): JsonObject => {
    const labels = { app: name };
    const own = objectOf(pod('')['spec']) ?? {};
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: inNamespace },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...own, ...spec } } },
    };
  };
  const containers = [...listOf(objectOf(pod('')['spec'])?.['containers']), silent];
  await here.apply([deployment('half', 'shop', { containers }), deployment('none', 'payments', { hostNetwork: true })]);
  for (const [inNamespace, name, action, reason, note] of [
    [
      'shop',
      'half',
      'InstrumentPartly',
      'image_unresolved',
      /^a pod was instrumented in part by policy default: .*silent/,
    ],
    ['payments', 'none', 'Deny', 'host_network', /^a pod was denied by policy payments/],
  ] as const) {
    const about = async (): Promise<readonly JsonObject[]> => {
      const { items } = await client.list(pathOf(resources.events, { namespace: inNamespace }));
      return items.filter((event) => isObject(event) && event['reportingController'] === 'outrider.dev/webhook');
    };
    const ofDeployment = (event: JsonObject): boolean => {
      const { kind, name: regarded } = objectOf(event['regarding']) ?? {};
      return kind === 'Deployment' && regarded === name && event['action'] === action;
    };
    await until(`an Event on ${name}`, async () => (await about()).some(ofDeployment));
    t.match((await about()).find(ofDeployment), { type: 'Warning', reason, note });
    t.notOk((await about()).some((event) => objectOf(event['regarding'])?.['kind'] === 'ReplicaSet'));
  }
});

t.test('the copies go with their policy, and nobody else’s Secret', async (t) => {
  t.equal((await here.api.kubectl(['delete', 'ipol', 'default'])).exitCode, 0);
  for (const name of ['shop', 'new'])
    await until(`the removal in ${name}`, async () => (await copiesIn(name)).length === 0);
  t.equal(await keyIn('squat', copy), 'planted');
  t.equal(await keyIn(own, 'agent'), 'second');
});
