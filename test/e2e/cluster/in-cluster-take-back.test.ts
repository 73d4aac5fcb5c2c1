import t from 'tap';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { readTakenBack, type TakenBackEntry } from '../../../src/model/taken-back.js';
import { crashing, doneAt, runningSince, waiting, type ContainerStatus } from '../../support/pod-status.js';
import { deployment } from './coverage-scene.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { ago, nodeSays, podsOf } from './node-says.js';
import { accessKey, conditionsOf, labelled, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

// The chart's replicas on a real API server; what nodes say of pods is written by the test.

const seconds = 20;
const tools = 'sysdig-workload-agent-tools';
const copy = 'sysdig-workload-agent-copy';
const agent = 'sysdig-workload-agent';
const secure = { tier: 'secure' };

const here = await install({ values: { takeBackAfter: `${seconds}s` } });
const client = clientOf(here.api.kubeconfig);
t.teardown(async () => {
  await client.close();
  await here.stop();
});
await here.apply([namespace('shop', labelled), namespace('bank', secure), accessKey('shop'), accessKey('bank')]);
const one = await here.addReplica('one');
await here.apply([policy('default', labelled), policy('bank', secure, { prefer: 'Security', precedence: 10 })]);
for (const name of ['shop', 'bank']) {
  await until(`pods of ${name} to be instrumented`, async () => {
    const { status } = await here.created(name, pod('probe'), '--dry-run=server');
    return status === 'injected';
  });
}

const notPulled = (): Readonly<Record<string, ContainerStatus>> => ({
  [tools]: doneAt(ago(60)),
  [copy]: waiting('ImagePullBackOff', 'Back-off pulling image "quay.io/sysdig/workload-agent"'),
  '*': waiting('PodInitializing'),
});

async function entryOf(name: string): Promise<TakenBackEntry | undefined> {
  const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
  const found = await client.get(path).catch(() => undefined);
  return [...readTakenBack(found?.['data']).entries.values()].find((entry) => entry.name === name);
}

async function podsNow(name: string, count: number, namespaceName = 'shop') {
  let found = await podsOf(client, namespaceName, name);
  await until(`${count} pods of ${name}`, async () => {
    found = await podsOf(client, namespaceName, name);
    return found.length === count;
  });
  return found;
}

const statuses = (pods: Awaited<ReturnType<typeof podsNow>>): string =>
  pods
    .map(({ status }) => status ?? 'bare')
    .sort()
    .join(' ');

async function deleteOne(name: string, isInstrumented: boolean): Promise<void> {
  const victim = (await podsNow(name, 2)).find(({ status }) => (status !== undefined) === isInstrumented);
  if (victim === undefined) throw new Error('no such pod');
  await client.delete(`/api/v1/namespaces/shop/pods/${victim.name}`, { gracePeriodSeconds: 0 });
  await until('another pod', async () => {
    const now = await podsOf(client, 'shop', name);
    return now.length === 2 && now.every((other) => other.name !== victim.name);
  });
}

/** Makes a Deployment of two pods that our parts keep from running, and waits until it is left alone. */
async function takenBack(name: string): Promise<void> {
  await here.apply([deployment('shop', name, 2)]);
  const broken = await podsNow(name, 2);
  if (statuses(broken) !== 'injected injected') throw new Error(statuses(broken));
  for (const { name: podName } of broken) {
    await nodeSays(client, { namespace: 'shop', name: podName }, notPulled(), { since: ago(60) });
  }
  await until('it is taken back', async () => (await entryOf(name))?.stage === 'LeftAlone');
}

t.test('a workload whose pods our parts keep from running is left alone, and its owner is told', async (t) => {
  await takenBack('web');
  t.match(await entryOf('web'), {
    kind: 'Deployment',
    tries: 0,
    evidence: { trouble: 'image_not_pulled', container: copy },
  });
  await deleteOne('web', true);
  t.equal(statuses(await podsNow('web', 2)), 'bare injected');

  const about = async (): Promise<string> =>
    (await here.api.kubectl(['describe', 'deployment', 'web', '-n', 'shop'])).stdout;
  await until('the Event', async () => (await about()).includes('keeps pods from running'));
  t.match(
    await about(),
    /taken_back .*What helps the pods that hang: outrider restart deploy\/web -n shop --taken-back/,
  );
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'default')).includes('TakenBack=True WorkloadsTakenBack'),
  );
  t.match(messageOf(await here.get('ipol', 'default'), 'TakenBack'), /shop\/deployment\/web/);
  t.equal(await one.metric('outrider_taken_back_workloads', 'policy="default",state="left_alone"'), 1);
});

t.test('a restart gives pods without us, and who takes the restart back changes nothing', async (t) => {
  await takenBack('restarted');
  const before = await entryOf('restarted');
  const isOfRestart = ({ pod: { metadata } }: { readonly pod: JsonObject }): boolean =>
    JSON.stringify(metadata).includes('kubectl.kubernetes.io/restartedAt');
  const restarted = await here.api.kubectl(['rollout', 'restart', 'deployment/restarted', '-n', 'shop']);
  t.equal(restarted.exitCode, 0, restarted.stderr);
  await until('a pod of the restart', async () => (await podsOf(client, 'shop', 'restarted')).some(isOfRestart));
  const fresh = (await podsOf(client, 'shop', 'restarted')).filter(isOfRestart);
  t.same(new Set(fresh.map(({ status }) => status)), new Set([undefined]));
  // As a GitOps controller does.
  const undone = await here.api.kubectl([
    ...['patch', 'deployment', 'restarted', '-n', 'shop', '--type=json', '-p'],
    JSON.stringify([{ op: 'remove', path: '/spec/template/metadata/annotations' }]),
  ]);
  t.equal(undone.exitCode, 0, undone.stderr);
  const there = await podsOf(client, 'shop', 'restarted');
  const victim = there.find(({ status }) => status !== undefined);
  await client.delete(`/api/v1/namespaces/shop/pods/${victim?.name ?? ''}`, { gracePeriodSeconds: 0 });
  const known = there.map(({ name }) => name);
  const isNew = (one: { readonly name: string; readonly pod: JsonObject }): boolean =>
    !isOfRestart(one) && !known.includes(one.name);
  await until('a pod as before the restart', async () => (await podsOf(client, 'shop', 'restarted')).some(isNew));
  t.equal((await podsOf(client, 'shop', 'restarted')).find(isNew)?.status, undefined);
  t.same(await entryOf('restarted'), before);
});

t.test('one pod tries again; where it fails, the next try is later', async (t) => {
  await takenBack('tried');
  await deleteOne('tried', true);
  t.equal(statuses(await podsNow('tried', 2)), 'bare injected');
  await until('a try', async () => (await entryOf('tried'))?.stage === 'Trying');
  await deleteOne('tried', true);
  t.equal(statuses(await podsNow('tried', 2)), 'bare injected', 'the first one is let through');
  await deleteOne('tried', false);
  t.equal(statuses(await podsNow('tried', 2)), 'bare injected', 'and no other');
  const tried = (await podsNow('tried', 2)).find(({ status }) => status !== undefined);
  await nodeSays(client, { namespace: 'shop', name: tried?.name ?? '' }, notPulled(), { since: ago(1) });
  await until('the try fails', async () => (await entryOf('tried'))?.tries === 1);
  const entry = await entryOf('tried');
  t.equal(entry?.stage, 'LeftAlone');
  t.equal(await one.metric('outrider_take_back_tries_total', 'result="failure"'), 1);
});

t.test('another leader goes on; a try that runs ends it', async (t) => {
  const before = await entryOf('tried');
  await here.addReplica('two');
  await here.kill(one);
  await until('a try', async () => (await entryOf('tried'))?.stage === 'Trying');
  const now = await entryOf('tried');
  t.same({ since: now?.since, tries: now?.tries }, { since: before?.since, tries: 1 });
  const tried = (await podsNow('tried', 2)).find(({ status }) => status !== undefined);
  const up = { [tools]: doneAt(ago(1)), [copy]: doneAt(ago(0)), '*': runningSince(ago(0)) };
  await nodeSays(client, { namespace: 'shop', name: tried?.name ?? '' }, up, { ready: true, since: ago(0) });
  await until('it is over', async () => (await entryOf('tried')) === undefined);
  await deleteOne('tried', false);
  t.equal(statuses(await podsNow('tried', 2)), 'injected injected');
});

t.test('what applications do by themselves changes nothing, and under Security nothing is taken back', async (t) => {
  const ends: readonly ContainerStatus[] = [crashing(127), crashing(126), crashing(137, 'OOMKilled'), crashing(1)];
  await here.apply(ends.map((_, at) => deployment('shop', `ends-${at}`, 2)));
  for (const [at, app] of ends.entries()) {
    for (const { name } of await podsNow(`ends-${at}`, 2)) {
      const said = { [tools]: doneAt(ago(60)), [copy]: doneAt(ago(59)), [agent]: runningSince(ago(58)), app };
      await nodeSays(client, { namespace: 'shop', name }, said, { since: ago(60) });
    }
  }
  await here.apply([deployment('bank', 'vault', 2)]);
  for (const { name } of await podsNow('vault', 2, 'bank')) {
    await nodeSays(client, { namespace: 'bank', name }, notPulled(), { since: ago(60) });
  }
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'bank')).includes('TakenBack=False PartsFail'),
  );
  t.equal(await entryOf('vault'), undefined);
  for (const at of ends.keys()) t.equal(await entryOf(`ends-${at}`), undefined);
  const victim = (await podsNow('vault', 2, 'bank'))[0]?.name ?? '';
  await client.delete(`/api/v1/namespaces/bank/pods/${victim}`, { gracePeriodSeconds: 0 });
  await until('another pod', async () => (await podsOf(client, 'bank', 'vault')).some(({ name }) => name !== victim));
  t.equal(statuses(await podsNow('vault', 2, 'bank')), 'injected injected');
});

t.test('a ConfigMap that somebody else wrote is put right, and leaves no pod alone under Security', async (t) => {
  const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
  await client.patch(path, 'merge', { data: { forged: 'not ours', '0123456789abcdef01234567': '{}' } });
  await until('it is put right', async () => !('forged' in (objectOf((await client.get(path))['data']) ?? {})));
  const { status } = await here.created('bank', pod('probe'), '--dry-run=server');
  t.equal(status, 'injected');
});
