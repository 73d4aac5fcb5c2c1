import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { startLoad } from '../faults/load.js';
import { envelope } from '../review.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented, isUntouched } from './instrumented.js';
import { accessKey, conditionsOf, labelled, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import type { Replica } from './replica.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const late = { tier: 'late' };
const soon = '--lease-seconds=5';
// Longer than anything here is waited for: who takes such a Lease over was handed it.
const never = '--lease-seconds=300';
// By hand for minutes.
const outageSeconds = Number(process.env['OUTAGE_SECONDS'] ?? 5);

const here = await install({ flags: ['--probe-seconds=2'] });
t.teardown(() => here.stop());
const one = await here.addReplica('one', [soon]);
await until('a leader', async () => (await one.metric('outrider_leader')) === 1);
const two = await here.addReplica('two', [never]);
const names = ['shop', 'payments', 'late'];
await here.apply([namespace('shop', labelled), namespace('payments', secure), namespace('late', late)]);
await here.apply([
  ...names.map((name) => accessKey(name)),
  policy('default', labelled),
  policy('payments', secure, { prefer: 'Security' }),
]);
const instrumented = (inNamespace: string): Promise<void> =>
  until(`an instrumented pod in ${inNamespace}`, async () => {
    return (await here.created(inNamespace, pod('probe'), '--dry-run=server')).status === 'injected';
  });
await instrumented('shop');
await instrumented('payments');

const holder = async (): Promise<string> => {
  const lease = await here.get('lease', 'outrider', 'outrider-system');
  return stringOf(objectOf(lease['spec'])?.['holderIdentity']) ?? '';
};
const leads = (replica: Replica): Promise<void> =>
  until(`${replica.name} to lead`, async () => (await replica.metric('outrider_leader')) === 1);
/** A policy that is new takes a leader: its entry is written, and its status. */
const isTakenOn = async (region: string): Promise<void> => {
  await here.apply([policy('late', late, { profile: { name: 'sysdig', settings: { region } } })]);
  await until('the status of its version', async () => {
    const { metadata, status } = await here.get('ipol', 'late');
    return objectOf(status)?.['observedGeneration'] === objectOf(metadata)?.['generation'];
  });
  await instrumented('late');
};

t.test('the leader is killed: another one leads, and goes on writing', async (t) => {
  t.equal(await holder(), 'one');
  const startMs = performance.now();
  await here.kill(one);
  await leads(two);
  t.comment(`after ${Math.round(performance.now() - startMs)} ms, of a lease of 5 s`);
  t.equal(await holder(), 'two');
  await isTakenOn('us2');
  await until('Ready', async () => conditionsOf(await here.get('ipol', 'late')).includes('Ready=True Served'));
});

t.test('the leader is told to end: it hands over at once, and no pod fails meanwhile', async (t) => {
  const three = await here.addReplica('three', [soon]);
  const client = clientOf(here.api.kubeconfig);
  t.teardown(() => client.close());
  const traffic = startTraffic(client, { namespace: 'payments', perSecond: 10 });
  await traffic.more(20);
  two.process.signal('TERM');
  await leads(three);
  t.notOk(two.process.hasEnded(), 'it still serves while another one leads already');
  t.equal(await two.process.ended, 0);
  await here.kill(two);
  await traffic.more(20);
  const all = await traffic.stop();
  t.same(refusals(all), []);
  t.equal(uninstrumented(all), 0);
  t.comment(`${all.length} pods`);
  await isTakenOn('us1');
});

t.test('API server and etcd restart: what is known goes on, and what changes is caught up with', async (t) => {
  const [three] = here.replicas;
  if (three === undefined) throw new Error('no replica');
  const registered = await here.get('validatingwebhookconfiguration', 'outrider');
  const bundle = objectOf(objectOf(listOf(registered['webhooks'])[0])?.['clientConfig'])?.['caBundle'];
  const ca = Buffer.from(stringOf(bundle) ?? '', 'base64').toString();
  const inShop = envelope({ ...pod('during'), metadata: { name: 'during', namespace: 'shop' } });
  // It sleeps through a change and the end of the API server that reported it.
  three.process.signal('STOP');
  await here.apply([policy('late', late, { mode: 'Off' })]);
  await here.api.halt();
  three.process.signal('CONT');
  await until(
    'failing watches',
    async () => ((await three.metric('outrider_watch_failures_total', 'kind="policies"')) ?? 0) > 0,
  );
  await three.ready();
  const load = startLoad({
    path: '/mutate/pods?timeout=10s',
    body: () => inShop,
    clients: 2,
    choose: () => ({ port: three.port, ca, serverName: 'outrider.outrider-system.svc' }),
  });
  await sleep(outageSeconds * 1_000);
  await three.ready();
  await load.stop();
  t.strictSame(load.failures, []);
  t.strictSame([...load.verdicts.keys()], ['inject/injected']);
  t.comment(`${load.answered} reviews in ${outageSeconds} s without an API server`);
  await here.api.resume();
  await instrumented('payments');
  isInstrumented(t, await here.created('shop', pod('after')));
  await until(
    'the change',
    async () => (await here.created('late', pod('probe'), '--dry-run=server')).status === undefined,
  );
  await leads(three);
  await isTakenOn('us4');
});

t.test('E42: a webhook that the API server does not reach is noticed', async (t) => {
  const [three] = here.replicas;
  if (three === undefined) throw new Error('no replica');
  const reachable = (wanted: number): Promise<void> =>
    until(
      `outrider_webhook_reachable ${wanted}`,
      async () => (await three.metric('outrider_webhook_reachable')) === wanted,
    );
  await reachable(1);
  here.balancer.setBackends([]);
  here.balancer.cut();
  await reachable(0);
  await until('the command’s word', async () => {
    const { exitCode, stdout } = await outrider(here.api.kubeconfig, 'status');
    return exitCode === 1 && /✗ API server +does not reach the webhook/.test(stdout);
  });
  here.balancer.setBackends(here.replicas);
  await reachable(1);
  t.pass('and that it is reached again');
});

t.test('E37: every replica is down: Availability lets pods run, Security does not', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  isUntouched(t, await here.created('shop', pod('during-outage')));
  const { exitCode, stderr } = await here.create('payments', pod('during-outage'));
  t.equal(exitCode, 1);
  t.match(stderr, 'failed calling webhook "payments.outrider.outrider.dev"');
  await here.addReplica('four', [soon]);
  await instrumented('payments');
  isInstrumented(t, await here.created('payments', pod('after-outage')));
});
