import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { controlledPod } from '../../../src/cluster/dry-run/controlled-pod.js';
import { nameless } from '../../../src/cluster/dry-run/nameless.js';
import { meaningOf } from '../../../src/cluster/dry-run/refusal.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { applyText } from './apply.js';
import { outrider, type Ran } from './cli.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, conditionsOf, namespace, policy } from './objects.js';
import { startOtherWebhook } from './other-webhook.js';
import { pod } from './pods.js';
import {
  groundOf,
  namespaces,
  perNamespace,
  places,
  quotaStatus,
  templates,
  wanted,
  webhookName,
  workloads,
  type SceneWorkload,
} from './preflight-scene.js';
import { validatingConfiguration } from './webhooks.js';

t.setTimeout(900_000);

const here = await install({ controllerManager: false, audit: true });
const { api } = here;
const admin = clientOf(api.kubeconfig);
const sidecar = /sysdig-workload-agent/;
const other = await startOtherWebhook(
  api,
  {},
  {
    budget: (pod) =>
      sidecar.test(JSON.stringify(objectOf(pod['spec'])?.['initContainers'] ?? []))
        ? `pod ${stringOf(objectOf(pod['metadata'])?.['name']) ?? ''} has a sidecar, which nobody pays for`
        : undefined,
  },
);
t.teardown(async () => {
  await admin.close();
  await other.stop();
  await here.stop();
});
await here.apply(groundOf());
const caBundle = Buffer.from(api.authority.caPem).toString('base64');
const budget = { name: webhookName, url: other.url('budget'), caBundle, failurePolicy: 'Fail' } as const;
for (const { name, refusing } of places) {
  if (refusing !== 'quota') continue;
  await admin.patch(`/api/v1/namespaces/${name}/resourcequotas/memory/status`, 'merge', quotaStatus);
}
await here.apply([validatingConfiguration('budget', [{ ...budget, namespaces: { refusing: 'webhook' } }])]);
await inTurns(
  workloads.map(
    ({ path, object }) =>
      () =>
        admin.create(path, object),
  ),
);

const policyFile = join(api.directory, 'policy.json');
writeFileSync(policyFile, JSON.stringify(wanted));
const asked = ['preflight', '--policy', policyFile, '-A', '--no-lookup', '--rate', '200'];

/** Does all of it, a few at a time and in order. */
async function inTurns(jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const left = jobs.values();
  const work = async (): Promise<void> => {
    for (const job of left) await job();
  };
  await Promise.all(Array.from({ length: 12 }, work));
}

function reportIn({ stdout }: Ran): JsonObject {
  const report: unknown = JSON.parse(stdout);
  return isObject(report) ? report : {};
}

/** Of each workload, by namespace and name: what the API server would say. */
function verdictsIn(report: JsonObject): ReadonlyMap<string, JsonObject> {
  return new Map(
    listOf(report['workloads'])
      .filter(isObject)
      .map((row) => [
        `${stringOf(row['namespace']) ?? ''}/${stringOf(row['name']) ?? ''}`,
        objectOf(row['apiServer']) ?? {},
      ]),
  );
}

const keyOf = ({ place, object }: SceneWorkload): string =>
  `${place.name}/${stringOf(objectOf(object['metadata'])?.['name']) ?? ''}`;

/** Every object that a preview could touch, by its version. */
async function versions(): Promise<string> {
  const kinds = 'pods,deployments,statefulsets,daemonsets,cronjobs,replicasets,jobs,resourcequotas,limitranges,events';
  const { stdout } = await api.kubectl([
    'get',
    kinds,
    '-A',
    '-o',
    'custom-columns=N:.metadata.namespace,K:.kind,M:.metadata.name,V:.metadata.resourceVersion',
  ]);
  return stdout;
}

let foreseen: ReadonlyMap<string, JsonObject> = new Map();

t.test('1,000 workloads in 40 namespaces are asked about, and nothing is created', async (t) => {
  t.equal(workloads.length, namespaces * perNamespace);
  t.equal(new Set(workloads.map(({ template }) => JSON.stringify(template['metadata']))).size, templates);
  const before = await versions();
  const { kubeconfig } = await api.certificateFor('pat', ['system:masters']);
  const startMs = performance.now();
  const ran = await outrider(kubeconfig, ...asked, '-o', 'json');
  const seconds = (performance.now() - startMs) / 1_000;
  t.equal(ran.stderr, '');
  t.equal(ran.exitCode, 3);
  t.equal(await versions(), before, 'every object is as it was, and no other is there');
  const requests = api.audited().filter(({ user }) => user === 'pat');
  const writing = requests.filter(({ verb }) => !['get', 'list'].includes(verb));
  t.strictSame(new Set(writing.map(({ verb, resource }) => `${verb} ${resource}`)), new Set(['create pods']));
  t.ok(
    writing.every(({ dryRun }) => dryRun),
    'what is sent is sent as a dry run',
  );
  const report = reportIn(ran);
  foreseen = verdictsIn(report);
  t.equal(foreseen.size, workloads.length);
  const refused = [...foreseen.values()].filter(({ verdict }) => verdict === 'refused');
  t.equal(writing.length, workloads.length + refused.length, 'one for each pod, and a second for each refusal');
  t.match(report, { summary: { workloads: workloads.length, asked: workloads.length, requests: writing.length } });
  t.strictSame(
    new Set(refused.map(({ by }) => by)),
    new Set(['PodSecurity', 'LimitRange', 'ResourceQuota', 'Webhook', 'ValidatingAdmissionPolicy']),
  );
  t.ok(
    refused.some(({ now }) => now === 'refused') && refused.some(({ now }) => now === 'admitted'),
    'what is refused anyway is told apart',
  );
  t.comment(`${writing.length} dry runs in ${seconds.toFixed(1)} s; ${refused.length} of ${workloads.length} refused`);
});

t.test('what a person sees: a table, all of it, and a comment', async (t) => {
  const inOne = ['preflight', '--policy', policyFile, '--no-lookup'];
  const table = await outrider(api.kubeconfig, ...inOne, '-n', 'team-4');
  t.equal(table.exitCode, 3);
  t.match(table.stdout, /✗ team-4 +webhook budget\.example\.com refuses .* and 22 more\n/);
  t.match(table.stdout, /pod POD has a sidecar, which nobody pays for\n +fix: ask whoever runs webhook budget/);
  t.match(table.stdout, /25 workloads: those of 25 refused/);
  const wide = await outrider(api.kubeconfig, ...inOne, '-n', 'team-0', '-o', 'wide');
  t.equal(wide.exitCode, 1, 'it changes something, and nobody refuses it');
  t.match(wide.stdout, /deploy\/app-0 .* creates it\n/);
  const comment = await outrider(api.kubeconfig, ...inOne, '-n', 'team-1', '-o', 'markdown');
  t.match(comment.stdout, /\| Namespace \| Workloads \| Refused by \|/);
  t.match(comment.stdout, /violates PodSecurity "baseline:latest"/);
});

t.test('somebody who may not create pods is told so, and what diff says stays', async (t) => {
  await applyText(api, viewer);
  const { kubeconfig } = await api.certificateFor('jane', ['viewers']);
  const ran = await outrider(kubeconfig, ...asked, '-o', 'json');
  t.equal(ran.exitCode, 2);
  t.match(ran.stderr, /you may not create pods in team-0, team-1, .* and 35 more/);
  t.match(ran.stderr, /outrider diff says without it/);
  const report = reportIn(ran);
  t.match(report, { summary: { workloads: workloads.length, noRight: workloads.length, asked: 0 } });
  const attempts = api.audited().filter(({ user, verb }) => user === 'jane' && verb === 'create');
  t.equal(attempts.length, namespaces, 'one attempt in each namespace');
});

t.test('every refusal that was foreseen comes when the policy is applied, in the same words', async (t) => {
  await here.addReplica('one');
  await here.apply([wanted]);
  await until('the policy is in force', async () =>
    conditionsOf(await here.get('ipol', 'traced')).includes('InForce=True Proven'),
  );
  // What a LimitRange asks for is read when the first pod comes to a namespace, which on a busy machine may be too late for that.
  for (const { name } of places) await here.create(name, pod('first'), '--dry-run=server');
  const came = new Map<string, JsonObject>();
  const jobs = workloads.map((workload, index) => async () => {
    came.set(keyOf(workload), await createdNow(workload, index));
  });
  // The pods that are created take room in the quotas, so those that are asked about it come before them.
  await inTurns(jobs.filter((_, index) => index % perNamespace === 0));
  await inTurns(jobs.filter((_, index) => index % perNamespace !== 0));
  const short = (one: JsonObject | undefined): JsonObject => ({
    verdict: one?.['verdict'],
    by: one?.['by'],
    name: one?.['name'],
    words: one?.['words'],
  });
  for (const workload of workloads) {
    const key = keyOf(workload);
    const [wantedVerdict, found] = [short(foreseen.get(key)), short(came.get(key))];
    if (JSON.stringify(wantedVerdict) !== JSON.stringify(found)) t.strictSame(found, wantedVerdict, key);
  }
  const kinds = new Map<string, number>();
  for (const { by, verdict } of came.values()) {
    const kind = stringOf(by ?? verdict) ?? '';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  t.equal(came.size, workloads.length);
  t.comment([...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', '));
  const { stdout } = await api.kubectl(['get', 'pods', '-A', '-o', 'name']);
  t.equal(stdout.split('\n').filter((line) => line !== '').length, kinds.get('admitted'), 'the others are there');
});

t.test('where the policy is in force, its own webhook changes nothing of what is asked about', async (t) => {
  const ran = await outrider(api.kubeconfig, ...asked, '-o', 'json');
  t.equal(ran.exitCode, 3);
  const again = verdictsIn(reportIn(ran));
  const who = (one: JsonObject | undefined): JsonObject => ({ verdict: one?.['verdict'], by: one?.['by'] });
  for (const [key, verdict] of foreseen) {
    if (JSON.stringify(who(again.get(key))) !== JSON.stringify(who(verdict)))
      t.strictSame(again.get(key), verdict, key);
  }
  t.equal(again.size, workloads.length);
  t.ok([...again.values()].every(({ verdict, now }) => verdict === 'admitted' || now === 'refused'));
});

t.test('a policy in force that takes no parts but its own hides what others say: that is not known', async (t) => {
  const strict = (spec: JsonObject): JsonObject =>
    policy('strict', { tier: 'strict' }, { prefer: 'Security', ...spec });
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'app', image: 'a', command: ['/a'] }] },
  };
  await here.apply([
    namespace('strict', { tier: 'strict' }),
    accessKey('strict'),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'strict' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'strict' },
      spec: { selector: { matchLabels: { app: 'web' } }, template },
    },
    strict({}),
  ]);
  await until('the strict policy is in force', async () =>
    conditionsOf(await here.get('ipol', 'strict')).includes('InForce=True Proven'),
  );
  const file = join(api.directory, 'strict.json');
  const run = (spec: JsonObject): Promise<Ran> => {
    writeFileSync(file, JSON.stringify(strict(spec)));
    return outrider(api.kubeconfig, 'preflight', '--policy', file, '-n', 'strict', '--no-lookup');
  };
  t.match((await run({})).stdout, '1 workload: the pods of 1 would be created.');
  const other = await run({ agent: { image: 'registry.example/agent:2' } });
  t.equal(other.exitCode, 2);
  t.match(other.stdout, /\? strict +not known for deploy\/web\n +a policy that is installed now refuses/);
});

/** Creates a pod of a workload, as its controller would, and says what came of it. */
async function createdNow({ place, object, template }: SceneWorkload, number: number): Promise<JsonObject> {
  const maker = {
    apiVersion: stringOf(object['apiVersion']) ?? '',
    kind: stringOf(object['kind']) ?? '',
    name: stringOf(objectOf(object['metadata'])?.['name']) ?? '',
    object,
  };
  const pod = controlledPod(template, maker, {
    uid: `00000000-0000-0000-0000-${String(number).padStart(12, '0')}`,
    number,
  });
  try {
    const created = await admin.create(`/api/v1/namespaces/${place.name}/pods`, pod);
    t.ok(sidecar.test(JSON.stringify(created)), 'it has our parts');
    return { verdict: 'admitted' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const meaning = meaningOf(error);
    if (meaning.kind !== 'refused') throw error;
    const { refusal } = meaning;
    return { verdict: 'refused', ...refusal, words: nameless(refusal.words, pod) };
  }
}

const viewer = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'viewer' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'viewer' },
      subjects: [{ kind: 'Group', name: 'viewers', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: 'viewer', apiGroup: 'rbac.authorization.k8s.io' },
    },
  ],
});
