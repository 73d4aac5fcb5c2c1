import t from 'tap';
import { until } from './guarded-process.js';
import { startHandshakes } from './handshakes.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(600_000);

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

  await handshakes.stop();
  const all = await traffic.stop();
  t.same(refusals(all), []);
  t.equal(uninstrumented(all), 0);
  t.same(handshakes.failures, []);
  t.comment(`${all.length} pods, ${handshakes.count()} handshakes, ${handshakes.serials.length} certificates`);
});
