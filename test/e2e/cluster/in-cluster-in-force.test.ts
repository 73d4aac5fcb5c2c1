import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { pathOfEntry } from '../../../src/cluster/registration/webhook-configuration.js';
import { objectHashAt } from '../../../src/model/object-hash.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startBalancer } from './balancer.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented } from './instrumented.js';
import { accessKey, conditionsOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import type { Replica } from './replica.js';

t.setTimeout(900_000);

const rounds = 20;
const here = await install({ controllerManager: true, flags: ['--lease-seconds=5', '--ca-overlap-seconds=3'] });
t.teardown(() => here.stop());
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());
const one = await here.addReplica('one');
const spaces = Array.from({ length: rounds }, (_, at) => `team-${at}`);
const tierOf = (name: string): Readonly<Record<string, string>> => ({ tier: name });
await here.apply([...spaces, 'other', 'late'].map((name) => namespace(name, tierOf(name))));
await here.apply([...spaces, 'other', 'late'].map((name) => accessKey(name)));

interface InForce {
  readonly status: string;
  readonly reason: string;
  readonly since: string;
  readonly generation: unknown;
}

async function inForce(name: string): Promise<InForce | undefined> {
  const { status } = await here.get('ipol', name);
  const condition = listOf(objectOf(status)?.['conditions'])
    .filter(isObject)
    .find(({ type }) => type === 'InForce');
  if (condition === undefined) return undefined;
  return {
    status: stringOf(condition['status']) ?? '',
    reason: stringOf(condition['reason']) ?? '',
    since: stringOf(condition['lastTransitionTime']) ?? '',
    generation: condition['observedGeneration'],
  };
}

/** As the documents tell people to. */
async function wait(name: string): Promise<void> {
  const { exitCode, stderr } = await here.api.kubectl([
    'wait',
    '--for=condition=InForce',
    `ipol/${name}`,
    '--timeout=30s',
  ]);
  if (exitCode !== 0) throw new Error(stderr);
}

async function tests(replica: Replica): Promise<number> {
  const counts = ['current', 'earlier', 'failed'].map((result) =>
    replica.metric('outrider_in_force_tests_total', `result="${result}"`),
  );
  return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

async function hashOf(kind: 'mutatingWebhooks' | 'validatingWebhooks'): Promise<string | undefined> {
  const live = await client.get(pathOf(resources[kind], { name: 'outrider' }));
  const self = listOf(live['webhooks'])
    .filter(isObject)
    .find(({ name }) => name === 'self-test.outrider.dev');
  return objectHashAt(pathOfEntry(self ?? {}));
}

const strict = (at: number): JsonObject => (at % 2 === 0 ? { prefer: 'Security' } : {});

t.test('E44: a pod that is created once its policy is in force is instrumented, each time', async (t) => {
  const took: number[] = [];
  for (const [at, name] of spaces.entries()) {
    const startMs = performance.now();
    await here.apply([policy(name, tierOf(name), strict(at))]);
    await wait(name);
    isInstrumented(t, await here.created(name, pod('first')));
    took.push(Math.round(performance.now() - startMs));
  }
  t.comment(`from the policy to the pod: ${took.join(', ')} ms`);
  const requests = await tests(one);
  t.ok(requests <= rounds * 10, `${requests} tests for ${rounds} policies`);
  t.equal((await inForce('team-0'))?.reason, 'Proven');
  t.not(await hashOf('mutatingWebhooks'), await hashOf('validatingWebhooks'));
  const { stdout } = await here.api.kubectl(['get', 'ipol', 'team-0']);
  t.match(
    stdout,
    /^NAME +MODE +PREFER +PROFILE +IN FORCE +READY +REASON +COVERED +AGE\nteam-0 +Inject +Security +sysdig +True +True +Served/,
  );
});

t.test('E44: a change is waited for too, and is no matter of the others', async (t) => {
  const before = await inForce('team-0');
  const changed = policy('team-1', {}, { precedence: 7 });
  const selector = { matchExpressions: [{ key: 'tier', operator: 'In', values: ['team-1', 'other'] }] };
  await here.apply([{ ...changed, spec: { ...objectOf(changed['spec']), match: { namespaceSelector: selector } } }]);
  await wait('team-1');
  isInstrumented(t, await here.created('other', pod('first')));
  t.equal((await inForce('team-1'))?.generation, 2);
  t.same(await inForce('team-0'), before);
});

t.test('E44: while the webhook is not reached, a new policy is not in force, and comes to be', async (t) => {
  here.balancer.setBackends([]);
  here.balancer.cut();
  await here.apply([policy('late', tierOf('late'))]);
  await until('that it is said', async () => {
    const said = conditionsOf(await here.get('ipol', 'late'));
    const isFalse = said.some((each) => each.startsWith('InForce=False'));
    return isFalse && said.includes('WebhookConfigured=True Configured');
  });
  const short = ['wait', '--for=condition=InForce', 'ipol/late', '--timeout=1s'];
  t.not((await here.api.kubectl(short)).exitCode, 0);
  here.balancer.setBackends(here.replicas);
  await wait('late');
  isInstrumented(t, await here.created('late', pod('first')));
});

t.test('E44: another leader looks for itself, and takes nothing back meanwhile', async (t) => {
  const two = await here.addReplica('two');
  await until('that the rest is proven again', async () => (await inForce('team-0'))?.status === 'True');
  const before = await inForce('team-0');
  const seen = new Set<string>();
  const ending = new AbortController();
  const watching = (async () => {
    for await (const { object } of client.watch(pathOf(resources.policies), { signal: ending.signal })) {
      for (const said of conditionsOf(object)) if (said.startsWith('InForce')) seen.add(said);
    }
  })().catch(() => undefined);
  await here.kill(one);
  await until('two to lead', async () => (await two.metric('outrider_leader')) === 1);
  await until('its own proof', async () => (await tests(two)) >= 5, two.process);
  await here.apply([policy('team-2', tierOf('team-2'), { prefer: 'Security', precedence: 9 })]);
  await until('the change', async () => (await inForce('team-2'))?.generation === 2);
  t.same(await inForce('team-0'), before);
  t.same([...seen], ['InForce=True Proven']);
  const after = await tests(two);
  await here.api.halt();
  await here.api.resume();
  await until('another proof', async () => (await tests(two)) >= after + 5, two.process);
  await until('two to lead', async () => (await two.metric('outrider_leader')) === 1);
  await until('that it is said again', async () => (await inForce('team-0'))?.status === 'True');
  ending.abort();
  await watching;
});

t.test('E44: two API servers behind a balancer are both met', async (t) => {
  const balancer = await startBalancer();
  t.teardown(() => balancer.stop());
  const other = await here.api.addServer();
  t.teardown(() => other.stop());
  const ports = [Number(new URL(here.api.url).port), other.port];
  balancer.setBackends(ports.map((port) => ({ port, isReady: () => true })));
  const kubeconfig = join(here.api.directory, 'balanced.kubeconfig');
  const text = readFileSync(here.identity.kubeconfig, 'utf8');
  writeFileSync(kubeconfig, text.replaceAll(here.api.url, `https://127.0.0.1:${balancer.port}`));
  const three = await here.addReplica('three', [`--kubeconfig=${kubeconfig}`]);
  for (const replica of here.replicas.filter((replica) => replica !== three)) await here.kill(replica);
  await until('three to lead', async () => (await three.metric('outrider_leader')) === 1);
  const before = balancer.connections;
  const clients = ports.map((port) => {
    const file = join(here.api.directory, `server-${port}.kubeconfig`);
    writeFileSync(
      file,
      readFileSync(here.api.kubeconfig, 'utf8').replaceAll(here.api.url, `https://127.0.0.1:${port}`),
    );
    return clientOf(file);
  });
  t.teardown(() => Promise.all(clients.map((each) => each.close())));
  for (const [at, name] of spaces.slice(0, 6).entries()) {
    const label = { tier: `again-${at}` };
    await here.apply([namespace(`again-${at}`, label), accessKey(`again-${at}`)]);
    await here.apply([policy(`again-${at}`, label, strict(at))]);
    await wait(`again-${at}`);
    for (const each of clients) {
      const path = pathOf(resources.pods, { namespace: `again-${at}` });
      const made = await each.create(path, pod('dry'), { query: { dryRun: 'All' } });
      t.match(objectOf(made['metadata'])?.['labels'], { 'outrider.dev/status': 'injected' }, name);
    }
  }
  t.ok(balancer.connections - before >= 30, 'each test is a connection');
});
