import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { inForceLabelValue, names, portLabelValue } from '../../../src/model/names.js';
import type { JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, namespace, policy } from './objects.js';
import { startOlderReplica, type OlderReplica } from './older-replica.js';
import { pod } from './pods.js';
import { podPaths } from './port-look.js';
import type { Replica } from './replica.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const secure = { tier: 'secure' };
/** A pod takes so long from its creation until someone can call it, at least. */
const startMs = 3_000;
/** What the chart writes on the pods of this version. */
const newer = { [names.port]: portLabelValue, [names.inForce]: inForceLabelValue };

const here = await install({ flags: ['--ca-overlap-seconds=3', '--drain-grace-ms=1000'] });
t.teardown(() => here.stop());
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());
const older: OlderReplica[] = [];
t.teardown(() => Promise.all(older.map((one) => one.stop())));

/** The pod of a replica; nothing runs it here. */
function podOf(name: string, labels: Readonly<Record<string, string>> = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: own,
      labels: { 'app.kubernetes.io/name': 'outrider', 'app.kubernetes.io/instance': 'outrider', ...labels },
    },
    spec: { containers: [{ name: 'outrider', image: 'outrider:x' }] },
  };
}

const remove = async (name: string): Promise<void> => {
  const result = await here.api.kubectl(['delete', 'pod', name, '-n', own, '--grace-period=0', '--force']);
  t.equal(result.exitCode, 0, result.stderr);
};
const asks = async (replica: Replica): Promise<boolean> => (await replica.metric('outrider_port_asks_for_proof')) === 1;
const isPlain = async (): Promise<boolean> => (await podPaths(client)).every((path) => path === '/mutate/pods');

await here.apply([podOf('old-1'), podOf('one', newer)]);
const one = await here.addReplica('one');
await here.apply([namespace('payments', secure)]);
await here.apply([accessKey('payments'), policy('payments', secure, { prefer: 'Security' })]);
await until('the policy', async () => (await podPaths(client)).length > 0);
/** The balancer in front of the replicas of this version and these of an older one. */
const serveBeside = (...others: readonly OlderReplica[]): void =>
  here.balancer.setBackends([...here.replicas, ...others]);

t.test('F25: an older replica beside this one, an upgrade and a way back, and no create fails', async (t) => {
  let behind = one.port;
  const old = await startOlderReplica(client, () => behind);
  older.push(old);
  serveBeside(old);
  const traffic = startTraffic(client, { namespace: 'payments', perSecond: 20, dryRun: true });
  t.teardown(() => traffic.stop());
  /** Lets some more pods be created: none is refused, and the older replica is called at no path that it does not know. */
  const goesOn = async (what: string): Promise<void> => {
    await traffic.more(60);
    t.same(refusals(traffic.creations), [], what);
    t.same(old.unknown, [], what);
  };

  await t.test('beside an older one, the API server calls without a token, and nobody asks for one', async (t) => {
    await sleep(8_000);
    await goesOn('beside an older replica');
    t.ok(await isPlain());
    t.notOk(await asks(one));
    t.ok(old.answered > 0);
  });

  await t.test('once it is gone, the API server calls with one, and then it is asked for', async (t) => {
    serveBeside();
    await remove('old-1');
    await until('the proof', () => asks(one));
    t.notOk(await isPlain());
    await goesOn('upgraded');
    t.equal(await one.metric('outrider_unproven_reviews_total', 'door="validate"'), 0);
  });

  await t.test('on the way back, tokens are gone before the older one answers', async (t) => {
    await here.apply([podOf('old-2')]);
    await sleep(startMs);
    t.ok(await isPlain());
    t.notOk(await asks(one));
    const { answered } = old;
    serveBeside(old);
    // More at once than the API server has connections: on the new ones the older replica is called.
    const path = pathOf(resources.pods, { namespace: 'payments' });
    const burst = Array.from({ length: 60 }, (_, at) =>
      client.create(path, pod(`burst-${at}`), { query: { dryRun: 'All' }, timeoutMs: 30_000 }),
    );
    t.same(
      (await Promise.allSettled(burst)).filter(({ status }) => status === 'rejected'),
      [],
    );
    await goesOn('rolled back');
    t.ok(old.answered > answered);
    for (const door of ['mutate', 'validate']) {
      t.equal(await one.metric('outrider_unproven_reviews_total', `door="${door}"`), 0, door);
    }
  });

  await t.test('and forward again, while the leader is replaced', async (t) => {
    await here.apply([podOf('two', newer)]);
    const two = await here.addReplica('two');
    serveBeside();
    behind = two.port;
    await remove('old-2');
    one.process.signal('TERM');
    await one.process.ended;
    await remove('one');
    await until('the proof', () => asks(two));
    await goesOn('upgraded again');
    t.equal(await two.metric('outrider_unproven_reviews_total', 'door="validate"'), 0);
  });

  const all = await traffic.stop();
  t.equal(uninstrumented(all), 0);
  t.comment(`${all.length} pods`);
});
