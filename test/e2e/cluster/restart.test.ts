import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { outrider, type Ran } from './cli.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { objectIn } from './kubectl.js';
import { accessKey, labelled, namespace, policy } from './objects.js';
import { readyPods } from './ready-pods.js';
import { applyText } from './apply.js';

t.setTimeout(900_000);

const here = await install();
t.teardown(() => here.stop());
const { api } = here;
const kubelet = readyPods(api.kubeconfig);
t.teardown(() => kubelet.stop());
const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));
process.env['OUTRIDER_LOOKUP'] = 'false';

function workload(kind: string, name: string, inNamespace: string, spec: JsonObject = {}): JsonObject {
  const labels = { app: name };
  const containers = [{ name: 'app', image: 'registry.example/app:1', command: ['/bin/app', 'serve'] }];
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: inNamespace },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas: 2 }),
      ...(kind === 'StatefulSet' ? { serviceName: name, podManagementPolicy: 'Parallel' } : {}),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      ...spec,
    },
  };
}

async function podsOf(inNamespace: string): Promise<readonly JsonObject[]> {
  const list = objectIn(await api.kubectl(['get', 'pods', '-n', inNamespace, '-o', 'json']));
  return listOf(list['items']).filter(isObject);
}

function isInstrumented({ metadata, spec }: JsonObject): boolean {
  const [container] = listOf(objectOf(spec)?.['containers']).filter(isObject);
  return (
    objectOf(objectOf(metadata)?.['labels'])?.['outrider.dev/status'] !== undefined &&
    stringOf(listOf(container?.['command'])[0])?.endsWith('/instrument') === true
  );
}

/** How many pods of a namespace are instrumented, of how many. */
async function covered(inNamespace: string): Promise<string> {
  const pods = (await podsOf(inNamespace)).filter(({ metadata }) => !objectOf(metadata)?.['deletionTimestamp']);
  return `${pods.filter(isInstrumented).length} of ${pods.length}`;
}

async function rolledOut(inNamespace: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { exitCode, stderr } = await api.kubectl(['rollout', 'status', name, '-n', inNamespace, '--timeout=60s']);
    if (exitCode !== 0) throw new Error(stderr);
  }
}

function restart(...parameters: readonly string[]): Promise<Ran> {
  return outrider(api.kubeconfig, 'restart', ...parameters);
}

/** What a call in JSON says about each workload. */
function outcomes({ stdout }: Ran): Readonly<Record<string, string>> {
  const results = listOf(objectOf(JSON.parse(stdout))?.['results']).filter(isObject);
  return Object.fromEntries(
    results.map(({ workload: name, outcome }) => [stringOf(name) ?? '', stringOf(outcome) ?? '']),
  );
}

const kinds = ['deploy/web', 'sts/db', 'ds/log'];

// All of them are there before the policy.
await here.apply(['shop', 'late', 'broken', 'plain'].map((name) => namespace(name, name === 'shop' ? labelled : {})));
await here.apply([
  ...['shop', 'late', 'broken'].map((name) => accessKey(name)),
  workload('Deployment', 'web', 'shop'),
  workload('StatefulSet', 'db', 'shop'),
  workload('DaemonSet', 'log', 'shop'),
  workload('Deployment', 'paused', 'shop', { paused: true, replicas: 0 }),
  workload('Deployment', 'a', 'late'),
  workload('Deployment', 'b', 'late'),
  workload('Deployment', 'c', 'late'),
  workload('Deployment', 'a', 'broken', { progressDeadlineSeconds: 4 }),
  workload('Deployment', 'b', 'broken'),
]);
await rolledOut('shop', ...kinds);
await rolledOut('late', 'deploy/a', 'deploy/b', 'deploy/c');
await rolledOut('broken', 'deploy/a', 'deploy/b');

t.test('nothing is restarted without an installation, whose pods would be no better', async (t) => {
  const { exitCode, stderr } = await restart('deploy/web', '-n', 'shop');
  t.equal(exitCode, 1);
  t.match(stderr, 'nothing is restarted: the API server has no webhook configuration of this installation');
});

t.test('with an installation', async (t) => {
  await here.addReplica('one');
  await here.apply([policy('default', labelled)]);
  const ready = await api.kubectl(['wait', '--for=condition=Ready', 'ipol', '--all', '--timeout=60s']);
  t.equal(ready.exitCode, 0, ready.stderr);
  await here.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'probe', labels: labelled } },
    accessKey('probe'),
  ]);
  const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe' } };
  const spec = { containers: [{ name: 'app', image: 'registry.example/app:1', command: ['/bin/app'] }] };
  await until('the mutating entry', async () => {
    const { status } = await here.created('probe', { ...probe, spec }, '--dry-run=server');
    return status === 'injected';
  });
  t.equal(await covered('shop'), '0 of 5');
});

t.test('a dry run says what would be, and changes nothing', async (t) => {
  const ran = await restart('--policy', 'default', '-n', 'shop', '--dry-run', '-o', 'json');
  t.equal(ran.exitCode, 0, ran.stderr);
  t.same(outcomes(ran), {
    'deploy/web': 'would_restart',
    'deploy/paused': 'unchanged',
    'sts/db': 'would_restart',
    'ds/log': 'would_restart',
  });
  const unknown = await restart('--policy', 'defualt', '-A');
  t.equal(unknown.exitCode, 2);
  t.match(unknown.stderr, 'there is no policy defualt');
  const { stdout } = await api.kubectl(['get', 'deploy,sts,ds', '-n', 'shop', '-o', 'yaml']);
  t.notMatch(stdout, 'restartedAt');
});

t.test('a policy’s workloads are put right, one after another', async (t) => {
  const ran = await restart('--policy', 'default', '-A', '--timeout=60s');
  t.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.comment(ran.stderr + ran.stdout);
  t.match(ran.stdout, '✓ deploy/web -n shop  restarted: 2 missed of 2 pods before; the new ones have every part');
  t.match(ran.stdout, '3 restarted, 1 nothing to do\n');
  t.match(ran.stderr, 'Deployment web -n shop: restarting: 2 missed of 2 pods');
  t.equal(await covered('shop'), '5 of 5');
  const deployment = await here.get('deployment', 'web', 'shop');
  const managers = listOf(objectOf(deployment['metadata'])?.['managedFields']).filter(isObject);
  t.ok(managers.length === 0 || managers.some(({ manager }) => manager === 'outrider-restart'));
  const again = await restart('deploy/web', 'sts/db', 'ds/log', '-n', 'shop');
  t.equal(again.exitCode, 0);
  t.match(again.stdout, '· deploy/web -n shop  nothing to do: its 2 pods have every part');
  t.match(again.stdout, '3 nothing to do\n');
});

t.test('only those of another plan, where that is asked', async (t) => {
  await here.apply([policy('default', labelled, { profile: { name: 'sysdig', settings: { region: 'us3' } } })]);
  const isWritten = async () => {
    const { status, spec } = await here.get('ipol', 'default');
    return status !== undefined && JSON.stringify(spec).includes('us3');
  };
  await until('the policy', isWritten);
  const missed = await restart('--policy', 'default', '-n', 'shop', '--missed', '-o', 'json');
  t.same(Object.values(outcomes(missed)), ['unchanged', 'unchanged', 'unchanged', 'unchanged']);
  const stale = await restart('--policy', 'default', '-n', 'shop', '--stale', '--max=1', '-o', 'json');
  t.equal(stale.exitCode, 0, stale.stdout);
  t.equal(outcomes(stale)['deploy/web'], 'restarted');
  t.equal(objectOf(JSON.parse(stale.stdout))?.['stopped'], 'max');
});

t.test('Ctrl-C ends a round between workloads, and the next call goes on there', async (t) => {
  await api.kubectl(['label', 'namespace', 'late', 'outrider.dev/inject=enabled']);
  const arguments_ = ['restart', 'deploy/a', 'deploy/b', 'deploy/c', '-n', 'late', `--kubeconfig=${api.kubeconfig}`];
  await until('the label', async () => {
    const ran = await restart('deploy/a', '-n', 'late', '--dry-run');
    return ran.stdout.includes('would restart');
  });
  kubelet.stuck.add('late');
  const child = spawn(process.execPath, [bundle, ...arguments_], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = text(child.stdout);
  let progress = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (part: Buffer) => {
      progress += part.toString();
      if (progress.includes('Deployment a') && /pods are (new|available)|still there/.test(progress)) resolve();
    });
  });
  child.kill('SIGINT');
  await once(child, 'close');
  const said = await output;
  t.equal(child.exitCode, 1, said);
  t.match(said, '! deploy/a -n late  interrupted: it is restarted, and its rollout goes on');
  t.match(said, '1 interrupted; interrupted: nothing more was restarted');
  kubelet.stuck.delete('late');
  const ran = await restart('deploy/a', 'deploy/b', 'deploy/c', '-n', 'late', '-o', 'json');
  t.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
  const found = outcomes(ran);
  t.ok(['restarted', 'unchanged'].includes(found['deploy/a'] ?? ''));
  t.same([found['deploy/b'], found['deploy/c']], ['restarted', 'restarted']);
  t.equal(await covered('late'), '6 of 6');
});

t.test('the first that fails ends the round, and says why and how it is taken back', async (t) => {
  await api.kubectl(['label', 'namespace', 'broken', 'outrider.dev/inject=enabled']);
  kubelet.stuck.add('broken');
  const ran = await restart('deploy/a', 'deploy/b', '-n', 'broken', '--timeout=60s');
  t.equal(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.comment(ran.stderr + ran.stdout);
  t.match(ran.stdout, /✗ deploy\/a -n broken {2}failed: .*has timed out progressing/);
  t.match(ran.stdout, 'kubectl -n broken rollout undo deployment/a');
  t.match(ran.stdout, '1 failed; stopped at the first that failed');
  t.notMatch(ran.stdout, 'deploy/b');
  const again = await restart('deploy/a', 'deploy/b', '-n', 'broken', '--timeout=60s', '-o', 'json');
  t.same(outcomes(again), { 'deploy/a': 'failed' }, 'the next call does not go past it');
  const undo = await api.kubectl(['rollout', 'undo', 'deployment/a', '-n', 'broken']);
  t.equal(undo.exitCode, 0);
  kubelet.stuck.delete('broken');
  await rolledOut('broken', 'deploy/a');
  const healed = await restart('deploy/a', 'deploy/b', '-n', 'broken', '-o', 'json');
  t.same(outcomes(healed), { 'deploy/a': 'restarted', 'deploy/b': 'restarted' });
  t.equal(await covered('broken'), '4 of 4');
});

t.test('by the caller’s own rights', async (t) => {
  await applyText(api, rolesOfTheDocs());
  await applyText(api, reader);
  await here.apply([workload('Deployment', 'new', 'shop', { replicas: 1 })]);
  await rolledOut('shop', 'deploy/new');
  await api.kubectl(['annotate', 'pods', '-n', 'shop', '-l', 'app=new', 'outrider.dev/plan=older', '--overwrite']);
  await here.apply([policy('default', labelled, { profile: { name: 'sysdig', settings: { region: 'us4' } } })]);
  const jane = await api.certificateFor('jane', []);
  const ran = await outrider(jane.kubeconfig, 'restart', 'deploy/new', '-n', 'shop');
  t.equal(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.match(
    ran.stdout,
    /✗ deploy\/new -n shop {2}failed: the API server does not take the restart: .*cannot patch resource/,
  );
  const dry = await outrider(jane.kubeconfig, 'restart', 'deploy/new', '-n', 'shop', '--dry-run');
  t.match(dry.stdout, 'the API server would not take the restart');
  t.equal(dry.exitCode, 1);
  await applyText(api, restarter);
  const allowed = await outrider(jane.kubeconfig, 'restart', 'deploy/new', '-n', 'shop');
  t.equal(allowed.exitCode, 0, allowed.stdout + allowed.stderr);
  const all = await outrider(jane.kubeconfig, 'restart', '--policy=default', '-n', 'shop', '--dry-run', '-o', 'json');
  t.equal(all.exitCode, 0, all.stdout + all.stderr);
  t.equal(outcomes(all)['deploy/new'], 'unchanged');
  const stranger = await api.certificateFor('joe', []);
  const none = await outrider(stranger.kubeconfig, 'restart', 'deploy/new', '-n', 'shop');
  t.equal(none.exitCode, 2);
  t.match(none.stderr, 'forbids its user to read');
});

t.test('an API server that is gone for a while is waited for', async (t) => {
  const child = spawn(
    process.execPath,
    [bundle, 'restart', 'deploy/web', '-n', 'shop', `--kubeconfig=${api.kubeconfig}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output = text(child.stdout);
  kubelet.stuck.add('shop');
  let progress = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (part: Buffer) => {
      progress += part.toString();
      if (/pods are (new|available)/.test(progress)) resolve();
    });
  });
  await api.halt();
  await until('that it notices', () => Promise.resolve(progress.includes('does not answer')));
  await api.resume();
  kubelet.stuck.delete('shop');
  await once(child, 'close');
  t.equal(child.exitCode, 0, (await output) + progress);
  t.match(await output, '✓ deploy/web -n shop  restarted');
});

/** What docs/install.md says that a person needs. */
function rolesOfTheDocs(): string {
  const page = readFileSync(new URL('../../../../docs/install.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('### What a person needs for restarts'));
  return /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
}

const reader = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: outrider-read, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: looker, namespace: shop}
rules: [{apiGroups: ["", apps], resources: [pods, deployments], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: looker, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: looker, apiGroup: rbac.authorization.k8s.io}
`;

const restarter = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: restarter, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: outrider-restart, apiGroup: rbac.authorization.k8s.io}
`;
