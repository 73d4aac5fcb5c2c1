import t from 'tap';
import { until } from './guarded-process.js';
import { startHandshakes } from './handshakes.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, namespace, policy } from './objects.js';
import { startPortLook } from './port-look.js';
import { pod } from './pods.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const secret = 'outrider-certificate';
const secure = { tier: 'secure' };

// The shortest life that there is: renewed after 80 s.
const here = await install({ flags: ['--leaf-lifetime-minutes=2', '--ca-overlap-seconds=5'] });
t.teardown(() => here.stop());
await here.addReplica('one');
await here.addReplica('two');
await here.apply([namespace('payments', secure)]);
await here.apply([accessKey('payments'), policy('payments', secure, { prefer: 'Security' })]);
await until('the policy', async () => {
  return (await here.created('payments', pod('probe'), '--dry-run=server')).status === 'injected';
});

t.test('certificates change while 20 pods a second are created, and none fails', async (t) => {
  const client = clientOf(here.api.kubeconfig);
  t.teardown(() => client.close());
  const handshakes = startHandshakes(client, {
    port: here.balancer.port,
    serverName: `outrider.${own}.svc`,
    configuration: 'outrider',
    everyMs: 100,
  });
  t.teardown(() => handshakes.stop());
  const ports = startPortLook(client);
  t.teardown(() => ports.stop());
  await until('the proof is asked for', async () => {
    const asks = await Promise.all(here.replicas.map((replica) => replica.metric('outrider_port_asks_for_proof')));
    return asks.every((one) => one === 1);
  });
  const traffic = startTraffic(client, { namespace: 'payments', perSecond: 20, dryRun: true });
  t.teardown(() => traffic.stop());
  await traffic.more(20);
  /** Waits for a certificate that was not seen before. */
  const another = async (what: string, patienceMs = 60_000): Promise<void> => {
    const before = handshakes.serials.length;
    await until(what, () => Promise.resolve(handshakes.serials.length > before), undefined, patienceMs);
    // Both replicas serve it, and the API server calls again.
    await traffic.more(40);
    t.same(handshakes.failures, [], what);
    t.same(refusals(traffic.creations), [], what);
  };

  await t.test('by itself, at two thirds of its life', async (t) => {
    await another('the renewal', 150_000);
    t.equal(handshakes.issuers.length, 1, 'of the same authority');
  });

  await t.test('because somebody spoiled the Secret', async (t) => {
    const data = { 'tls.crt': Buffer.from('nonsense').toString('base64') };
    const patch = ['patch', 'secret', secret, '-n', own, '--type=merge', '-p', JSON.stringify({ data })];
    t.equal((await here.api.kubectl(patch)).exitCode, 0);
    await another('the one in place of the spoiled one');
  });

  await t.test('with its authority, because somebody deleted the Secret', async (t) => {
    const before = handshakes.issuers.length;
    t.equal((await here.api.kubectl(['delete', 'secret', secret, '-n', own])).exitCode, 0);
    await another('the one in place of the deleted one');
    await until('another authority', () => Promise.resolve(handshakes.issuers.length > before));
  });

  await t.test('F25: and with it the port’s key, while every call is proven', async (t) => {
    await until('a third key', () => Promise.resolve(ports.paths.size >= 3), undefined, 150_000);
    await traffic.more(40);
    t.same(refusals(traffic.creations), []);
    for (const replica of here.replicas) {
      for (const door of ['mutate', 'validate']) {
        t.equal(
          await replica.metric('outrider_unproven_reviews_total', `door="${door}"`),
          0,
          `${replica.name} ${door}`,
        );
      }
    }
    for (const path of ports.paths) {
      t.match(path, /^\/mutate\/pods\/[0-9a-f]{56}$/);
      const token = path.slice(path.lastIndexOf('/') + 1);
      for (const replica of here.replicas) t.notMatch(replica.process.output(), new RegExp(token), 'in no log');
    }
  });

  await ports.stop();
  await handshakes.stop();
  const all = await traffic.stop();
  t.same(refusals(all), []);
  t.equal(uninstrumented(all), 0);
  t.same(handshakes.failures, []);
  t.comment(`${all.length} pods, ${handshakes.count()} handshakes, ${handshakes.serials.length} certificates`);
});
