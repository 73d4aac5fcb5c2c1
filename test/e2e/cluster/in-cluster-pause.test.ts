import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { names } from '../../../src/model/names.js';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { createSetClock } from '../../support/set-clock.js';
import { outrider, runNode } from './cli.js';
import { until } from './guarded-process.js';
import { findHelm } from './helm.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented, isUntouched } from './instrumented.js';
import { accessKey, conditionsOf, labelled, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { installHookIdentity } from './service-account.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(900_000);

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));
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

const kinds = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'] as const;

/** How many webhooks there are in both configurations. */
async function webhooks(): Promise<number> {
  const all = await Promise.all(kinds.map((kind) => here.get(kind, 'outrider')));
  return all.reduce((sum, one) => sum + listOf(one['webhooks']).length, 0);
}

const configurations = () => listed('mutatingwebhookconfigurations', 'validatingwebhookconfigurations');

const isPaused = () =>
  until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'payments')).includes('WebhookConfigured=False Paused'),
  );

const isReady = () =>
  until('Ready', async () => conditionsOf(await here.get('ipol', 'payments')).includes('Ready=True Served'));

/** What Events say about pauses. */
async function told(): Promise<readonly string[]> {
  const { stdout } = await here.api.kubectl(['get', 'events.events.k8s.io', '-n', own, '-o', 'json']);
  return listOf(objectOf(JSON.parse(stdout))?.['items']).map((item) => {
    const { reason, note } = objectOf(item) ?? {};
    return `${stringOf(reason) ?? ''}: ${stringOf(note) ?? ''}`;
  });
}

/** Someone with these rights, cluster-wide. */
async function userWith(name: string, ...rules: readonly object[]): Promise<string> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  await here.apply([
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects: [{ apiGroup, kind: 'User', name }],
    },
  ]);
  return (await here.api.certificateFor(name, [])).kubeconfig;
}

await instrumented();
await isReady();

t.test('paused, nothing is instrumented or denied; resumed, everything is as before', async (t) => {
  const admin = here.api.kubeconfig;
  const paused = await outrider(admin, 'pause', '--for=30m', '--reason=upgrade');
  t.equal(paused.exitCode, 0, paused.stderr);
  t.equal(await webhooks(), 0);
  for (const name of ['shop', 'payments']) isUntouched(t, await here.created(name, pod('paused')));
  await isPaused();
  t.match((await outrider(admin, 'status')).stdout, /✗ pause +.*, by admin as its marker says \(upgrade\)/);
  for (const replica of here.replicas) t.equal(await replica.metric('outrider_paused'), 1);

  const resumed = await outrider(admin, 'resume');
  t.equal(resumed.exitCode, 0, resumed.stderr);
  await instrumented();
  isInstrumented(t, await here.created('payments', pod('resumed')));
  await isReady();
});

const editor = await userWith('editor', { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] });
const warden = await userWith('warden', {
  apiGroups: ['admissionregistration.k8s.io'],
  resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
  verbs: ['get', 'create', 'patch'],
});
const asEditor = (...parameters: readonly string[]) =>
  here.api.kubectl([`--kubeconfig=${editor}`, ...parameters, '-n', own]);

t.test('F31: who may edit ConfigMaps and no webhook configurations switches nothing off', async (t) => {
  const marker = [
    `${names.pausedUntil}=forever`,
    `${names.pauseReason}=because`,
    `${names.paused}={"until":"forever"}`,
  ];
  t.match(await asEditor('annotate', 'configmap', 'outrider', ...marker), { exitCode: 0 });
  const refused = await outrider(editor, 'pause', '--yes');
  t.equal(refused.exitCode, 2);
  t.match(refused.stderr, /forbids it \(403\)/);
  const before = await webhooks();
  // The leader is told: what is missing is repaired as ever, and a policy that is new is registered.
  await here.apply([policy('later', { tier: 'later' })]);
  await until('the new policy', async () =>
    conditionsOf(await here.get('ipol', 'later')).includes('WebhookConfigured=True Configured'),
  );
  await here.api.kubectl(['delete', 'validatingwebhookconfiguration', 'outrider']);
  await until('the repair', async () => (await webhooks().catch(() => 0)) > before);
  isInstrumented(t, await here.created('payments', pod('still')));
  for (const replica of here.replicas) t.equal(await replica.metric('outrider_paused'), 0);
  const { stdout } = await outrider(here.api.kubeconfig, 'status');
  t.match(stdout, /! pause: the ConfigMap outrider carries the marker of an earlier version, which pauses nothing/);
  await asEditor(
    'annotate',
    'configmap',
    'outrider',
    `${names.pausedUntil}-`,
    `${names.pauseReason}-`,
    `${names.paused}-`,
  );
  await here.api.kubectl(['delete', 'ipol', 'later']);
});

t.test(
  'F31: who has the right on the webhook configurations pauses; Event and status say who, since when, why',
  async (t) => {
    const paused = await outrider(warden, 'pause', '--for=forever', '--reason=registry is down', '-o', 'json');
    t.equal(paused.exitCode, 0, paused.stderr);
    t.match(JSON.parse(paused.stdout), { paused: true, by: 'warden', reason: 'registry is down', left: [] });
    await isPaused();
    for (const replica of here.replicas) t.equal(await replica.metric('outrider_paused'), 1, `${replica.name} knows`);
    const said = /until it is resumed, since \d{4}-[\dT:-]+Z, by warden as its marker says \(registry is down\)/;
    t.match((await outrider(here.api.kubeconfig, 'status')).stdout, said);
    await until('the Event', async () => (await told()).some((one) => one.startsWith('Paused: ') && said.test(one)));
    t.match((await outrider(here.api.kubeconfig, 'explain', 'pod/still', '-n', 'payments')).stdout, said);
    t.equal(await webhooks(), 0);
    const resumed = await outrider(warden, 'resume');
    t.equal(resumed.exitCode, 0, resumed.stderr);
    await isReady();
    await until('the other Event', async () => (await told()).some((one) => /^Resumed: .* by warden/.test(one)));
  },
);

t.test('F31: a clock that is ahead, or behind, pauses no shorter or longer', async (t) => {
  const untilOf = async (offset: string): Promise<number> => {
    const { env } = createSetClock(here.api.directory, offset);
    const parameters = ['pause', '--for=1h', '-o', 'json', `--kubeconfig=${warden}`];
    const { stdout, stderr } = await runNode([bundle, ...parameters], { ...process.env, ...env });
    t.match(JSON.parse(stdout), { paused: true }, stderr);
    return Date.parse(stringOf(objectOf(JSON.parse(stdout))?.['until']) ?? '');
  };
  for (const skew of ['+2h', '-30s']) {
    const inAnHour = Date.now() + 3_600_000;
    const seconds = ((await untilOf(skew)) - inAnHour) / 1000;
    t.ok(seconds > -5 && seconds < 25, `${skew}: ${seconds} s from an hour`);
  }
  t.equal((await outrider(warden, 'resume')).exitCode, 0);
  await isReady();
});

t.test('F31: paused while no replica runs, and by an earlier version', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  t.equal((await outrider(warden, 'pause', '--for=forever')).exitCode, 0);
  isUntouched(t, await here.created('payments', pod('nobody-there')));
  await here.addReplica('three');
  await isPaused();
  t.equal(await webhooks(), 0, 'a replica that starts knows');
  t.match((await outrider(warden, 'resume')).exitCode, 0);
  await isReady();

  // What an earlier version's command does: the ConfigMap's marker, then both configurations gone.
  for (const replica of [...here.replicas]) await here.kill(replica);
  await here.api.kubectl(['annotate', 'configmap', 'outrider', '-n', own, `${names.pausedUntil}=forever`]);
  for (const kind of kinds) await here.api.kubectl(['delete', kind, 'outrider']);
  await here.addReplica('four');
  await here.addReplica('five');
  await isPaused();
  t.same(await configurations(), [], 'nothing is made');
  const { stdout } = await outrider(here.api.kubeconfig, 'status');
  t.match(stdout, /by the marker of an earlier version, which outrider pause renews/);
  const denied = await outrider(warden, 'resume');
  t.equal(denied.exitCode, 2, 'who may not change the ConfigMap cannot end that one');
  t.equal((await outrider(here.api.kubeconfig, 'resume')).exitCode, 0);
  await isReady();
  isInstrumented(t, await here.created('payments', pod('again')));
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
    t.equal((await configurations()).length, 2);
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
    t.equal(await webhooks(), 0);
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
    t.equal((await listed('crd')).filter((one) => one.includes('outrider.dev')).length, 3, 'the definitions stay');
  },
);
