import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { findHelm } from './helm.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented, isUntouched } from './instrumented.js';
import { accessKey, conditionsOf, labelled, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { installHookIdentity } from './service-account.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(300_000);

const own = 'outrider-system';
const secure = { tier: 'secure' };
const values = { mirrorSecrets: true };

const here = await install({ values });
t.teardown(() => here.stop());
await here.addReplica('one');
await here.addReplica('two');
await here.apply([namespace('shop', labelled), namespace('payments', secure)]);
await here.apply([
  accessKey(own, 'agent'),
  accessKey('shop'),
  policy('default', labelled),
  policy('payments', secure, {
    prefer: 'Security',
    credentials: { secretRef: { name: 'agent', key: 'access-key' }, mirror: true },
  }),
]);
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());

async function instrumented(): Promise<void> {
  for (const name of ['shop', 'payments']) {
    await until(`an instrumented pod in ${name}`, async () => {
      return (await here.created(name, pod('probe'), '--dry-run=server')).status === 'injected';
    });
  }
}

/** What there is of these kinds, in all namespaces, as `Kind namespace/name`. */
async function listed(...kinds: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await here.api.kubectl(['get', kinds.join(), '--all-namespaces', '-o', 'json']);
  return listOf(objectOf(JSON.parse(stdout))?.['items']).map((item) => {
    const { kind, metadata } = objectOf(item) ?? {};
    const { namespace: place, name } = objectOf(metadata) ?? {};
    return `${stringOf(kind) ?? ''} ${stringOf(place) ?? ''}/${stringOf(name) ?? ''}`;
  });
}

const configurations = () => listed('mutatingwebhookconfigurations', 'validatingwebhookconfigurations');

await instrumented();
await until('Ready', async () => conditionsOf(await here.get('ipol', 'payments')).includes('Ready=True Served'));

t.test('paused, nothing is instrumented or denied; resumed, everything is as before', async (t) => {
  const admin = here.api.kubeconfig;
  const paused = await outrider(admin, 'pause', '--for=30m', '--reason=upgrade');
  t.equal(paused.exitCode, 0, paused.stderr);
  t.same(await configurations(), []);
  for (const name of ['shop', 'payments']) isUntouched(t, await here.created(name, pod('paused')));
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'payments')).includes('WebhookConfigured=False Paused'),
  );
  t.match((await outrider(admin, 'status')).stdout, /✗ pause +.*\(upgrade\)/);
  for (const replica of here.replicas) t.equal(await replica.metric('outrider_paused'), 1);

  const resumed = await outrider(admin, 'resume');
  t.equal(resumed.exitCode, 0, resumed.stderr);
  await instrumented();
  isInstrumented(t, await here.created('payments', pod('resumed')));
  await until('Ready', async () => conditionsOf(await here.get('ipol', 'payments')).includes('Ready=True Served'));
});

/** What the chart's hook runs, from its Job. */
async function hookCommand(): Promise<readonly string[]> {
  const objects = await (await findHelm(here.api)).render(values);
  const job = objects.find(
    ({ kind, metadata }) =>
      kind === 'Job' && objectOf(objectOf(metadata)?.['annotations'])?.['helm.sh/hook'] === 'pre-delete',
  );
  const template = objectOf(objectOf(job?.['spec'])?.['template']);
  const [container] = listOf(objectOf(template?.['spec'])?.['containers']);
  return listOf(objectOf(container)?.['args']).map((argument) => stringOf(argument) ?? '');
}

/** What helm takes away once the hook is through: everything of the release but its definitions. */
async function removeRelease(): Promise<void> {
  for (const replica of [...here.replicas]) {
    replica.process.signal('TERM');
    await here.kill(replica);
  }
  await client.delete(pathOf(resources.services, { namespace: own, name: 'outrider' }));
  const objects = await (await findHelm(here.api)).render(values, ['--no-hooks']);
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const flags = ['delete', '--ignore-not-found', '--wait=false', '-f', '-'];
  const { exitCode, stderr } = await here.api.kubectl(flags, JSON.stringify(list));
  if (exitCode !== 0) throw new Error(stderr);
}

t.test(
  'E43: uninstalled while 20 pods a second are created under Security: none is denied, nothing is left',
  async (t) => {
    const before = await configurations();
    t.equal(before.length, 2);
    await until('the copy', async () =>
      (await listed('secrets')).some((one) => one.startsWith('Secret payments/outrider-')),
    );
    const hook = await installHookIdentity(here.api, values);
    const traffic = startTraffic(client, { namespace: 'payments', perSecond: 20 });
    t.teardown(() => traffic.stop());
    await traffic.more(40);
    t.equal(uninstrumented(traffic.creations), 0);

    const ran = await outrider(hook.kubeconfig, ...(await hookCommand()));
    t.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.same(await configurations(), []);
    await traffic.more(20);
    await removeRelease();
    await traffic.more(60);
    const all = await traffic.stop();
    t.same(refusals(all), []);
    t.ok(uninstrumented(all) >= 60, 'those at the end run as they are');
    t.comment(`${all.length} pods, ${uninstrumented(all)} of them after the hook`);

    const left = async () => {
      const everywhere = await listed(
        'mutatingwebhookconfigurations',
        'validatingwebhookconfigurations',
        'clusterroles',
        'clusterrolebindings',
        'secrets',
        'configmaps',
        'leases',
        'roles',
        'rolebindings',
      );
      return everywhere.filter((one) => one.includes('outrider') && !one.includes('-pre-delete'));
    };
    // What is owned by an object of the chart goes a moment after it. The key itself is the user's, and so is the
    // ConfigMap that Kubernetes puts into every namespace.
    const expected = ['Secret outrider-system/agent', 'ConfigMap outrider-system/kube-root-ca.crt'];
    await until('the end of what is owned', async () => (await left()).length <= expected.length);
    t.same([...(await left())].sort(), [...expected].sort());
    t.equal((await listed('crd')).filter((one) => one.includes('outrider.dev')).length, 2, 'the definitions stay');
  },
);
