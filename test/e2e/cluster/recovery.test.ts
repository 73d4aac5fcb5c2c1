import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

const here = await install({ flags: ['--probe-seconds=2'] });
t.teardown(() => here.stop());
const one = await here.addReplica('one', ['--lease-seconds=5']);
await until('a leader', async () => (await one.metric('outrider_leader')) === 1);
// Those of the installation itself are not looked at; these are what a cluster recovers by, and what it is for.
await here.apply(['calico-system', 'cert-manager', 'shop'].map((name) => namespace(name)));
const match = { namespaceSelector: {} };
const admitting = (...reasons: readonly string[]): JsonObject =>
  policy('everything', {}, { match, prefer: 'Security', admitUninstrumented: [...reasons] });
await here.apply([accessKey('shop'), accessKey('calico-system'), admitting('host_network', 'mirror_pod')]);

/** The names of the conditions of the policy's entries, in both configurations. */
const exempt = async (): Promise<readonly (readonly string[])[]> =>
  Promise.all(
    ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'].map(async (kind) => {
      const webhooks = listOf((await here.get(kind, 'outrider'))['webhooks']).map((webhook) => objectOf(webhook) ?? {});
      const entry = webhooks.find(({ name }) => name === 'everything.outrider.outrider.dev');
      return listOf(entry?.['matchConditions']).map((condition) => stringOf(objectOf(condition)?.['name']) ?? '');
    }),
  );
const hostNetwork = ['exempt.outrider.dev/host-network'];
const both = ['exempt.outrider.dev/mirror-pod', ...hostNetwork];
const isRegistered = (names: readonly string[]): Promise<void> =>
  until('the entries', async () => JSON.stringify(await exempt()) === JSON.stringify([names, names]));
const isUp = (): Promise<void> =>
  until('an instrumented pod', async () => {
    const { exitCode, stdout } = await here.create('shop', pod('probe'), '--dry-run=server');
    return exitCode === 0 && stdout.includes('outrider.dev/status');
  });
await isRegistered(both);
await isUp();

const network = { spec: { hostNetwork: true } };
const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' }, spec: { nodeName: 'node-1' } };
const node = clientOf((await here.api.certificateFor('system:node:node-1', ['system:nodes'])).kubeconfig);
t.teardown(() => node.close());

/** In how many milliseconds it is done. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** A server that takes connections and never says anything, as where a node is gone: who asks waits until the time is over. */
const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
await once(silent, 'listening');
t.teardown(() => silent.close());
const silentAddress = silent.address();
const silentPort = typeof silentAddress === 'object' ? (silentAddress?.port ?? 0) : 0;

const atOnceMs = 3_000;

t.test('F20: with no replica answering, what a cluster recovers by is created at once', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  here.balancer.setBackends([{ port: silentPort, isReady: () => true }]);
  here.balancer.cut();
  const cniMs = await timed(() => here.created('calico-system', pod('calico-node', network)));
  t.ok(cniMs < atOnceMs, `a hostNetwork pod: ${Math.round(cniMs)} ms`);
  const mirrorMs = await timed(() => node.create('/api/v1/namespaces/shop/pods', pod('static-node-1', mirror)));
  t.ok(mirrorMs < atOnceMs, `a mirror pod, by its node: ${Math.round(mirrorMs)} ms`);
  here.balancer.setBackends([]);
  here.balancer.cut();
  for (const [where, refused] of [
    ['shop', pod('web')],
    ['calico-system', pod('calico-kube-controllers')],
    ['shop', pod('gvisor', { spec: { ...network.spec, nodeSelector: { type: 'virtual-kubelet' } } })],
    ['shop', pod('process', { spec: { hostPID: true } })],
  ] as const) {
    const { exitCode, stderr } = await here.create(where, refused);
    t.equal(exitCode, 1);
    t.match(stderr, 'failed calling webhook "everything.outrider.outrider.dev"');
  }
  // The conditions stay as they are while nobody keeps them.
  t.same(await exempt(), [both, both]);
});

t.test('F20: with a replica back, pods fare as before, and the conditions follow the policy', async (t) => {
  const two = await here.addReplica('two', ['--lease-seconds=5']);
  await until('a leader', async () => (await two.metric('outrider_leader')) === 1);
  await isUp();
  t.equal((await here.created('shop', pod('web'))).status, 'injected');
  t.equal((await here.created('shop', pod('network', network))).status, undefined);

  await t.test('what somebody changes about them is put right', async (t) => {
    const { exitCode } = await here.api.kubectl([
      'patch',
      'validatingwebhookconfiguration',
      'outrider',
      '--type=json',
      '-p',
      JSON.stringify([{ op: 'replace', path: '/webhooks/1/matchConditions/1/expression', value: 'false' }]),
    ]);
    t.equal(exitCode, 0);
    await until('the conditions', async () => {
      const [, web] = listOf((await here.get('validatingwebhookconfiguration', 'outrider'))['webhooks']);
      return !JSON.stringify(objectOf(web)?.['matchConditions']).includes('"false"');
    });
    t.same(await exempt(), [both, both]);
  });

  await t.test('a policy that admits less exempts less', async (t) => {
    await here.apply([admitting('host_network')]);
    await isRegistered(hostNetwork);
    const { exitCode, stderr } = await here.create('shop', pod('forged', mirror));
    t.equal(exitCode, 1);
    t.match(stderr, 'mirror_pod');
    await here.apply([admitting()]);
    await isRegistered([]);
    t.match((await here.create('shop', pod('refused', network))).stderr, 'host_network');
    await here.apply([admitting('host_network', 'mirror_pod')]);
    await isRegistered(both);
  });
});

t.test('F20: BlocksRecovery names what a cluster recovers by, and status says it', async (t) => {
  const said = async (): Promise<string> => messageOf(await here.get('ipol', 'everything'), 'BlocksRecovery');
  await until('the condition', async () => /mirror_pod, host_network/.test(await said()));
  t.ok(conditionsOf(await here.get('ipol', 'everything')).includes('BlocksRecovery=True StopsRecoveryPods'));
  const message = await said();
  t.match(message, /no pod can be created in namespaces calico-system, cert-manager but those that it admits for /);
  t.match(message, /excludedNamespaces: \[calico-system,cert-manager\]/);
  const { stdout } = await outrider(here.api.kubeconfig, 'status');
  t.match(stdout, /no pod can be created in namespaces calico-system, cert-manager/);
  const without = {
    namespaceSelector: {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['calico-system', 'cert-manager'] },
      ],
    },
  };
  await here.apply([policy('everything', {}, { match: without, prefer: 'Security' })]);
  await until('the condition to be False', async () =>
    conditionsOf(await here.get('ipol', 'everything')).includes('BlocksRecovery=False NoRecoveryBlocked'),
  );
});

t.test('F20: explain says that nobody asks about such a pod', async (t) => {
  await here.apply([admitting('host_network')]);
  const { stdout } = await outrider(here.api.kubeconfig, 'explain', 'pod/network', '-n', 'shop');
  t.match(stdout, /host_network/);
  t.match(stdout, /creates such a pod without asking/);
});

t.test('F20: paused, there are no entries, and afterwards their conditions are back', async (t) => {
  await isRegistered(hostNetwork);
  t.equal((await outrider(here.api.kubeconfig, 'pause', '--for=1h')).exitCode, 0);
  t.same((await here.get('validatingwebhookconfiguration', 'outrider'))['webhooks'] ?? [], []);
  t.equal((await here.created('shop', pod('while-paused'))).status, undefined);
  t.equal((await outrider(here.api.kubeconfig, 'resume')).exitCode, 0);
  await isRegistered(hostNetwork);
});
