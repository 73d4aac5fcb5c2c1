/*
 * A preview of a thousand workloads on a real API server: what it says, what it reads, and that nothing is written.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startApiServer, type ApiServer } from './api-server.js';
import { applyText } from './apply.js';
import { runNode, type Ran } from './cli.js';
import { installDefinitions } from './definitions.js';
import { addNode } from './node.js';
import { enforces, fillPreview, hasQuota, isLabelled, namespaceName, workloadOf } from './preview-scene.js';

t.setTimeout(900_000);

const main = new URL('../../../outrider.js', import.meta.url).pathname;
const scale = { namespaces: 40, workloads: 1000, templates: 100 };

const policy = (name: string, spec: string): string => `---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: ${name}}
spec:
  profile: {name: sysdig, settings: {region: us2}}
${spec}
`;
const match = '  match: {namespaceSelector: {matchLabels: {outrider.dev/inject: enabled}}}';
const now = policy('default', `${match}\n  mode: 'Off'`);
const then = policy('default', match);
const strict = policy('strict', `${match}\n  prefer: Security\n  precedence: 10`);

/** Runs `outrider diff` to its end, without asking any registry. */
function diff(kubeconfig: string, ...parameters: readonly string[]): Promise<Ran> {
  return runNode(['--expose-gc', main, 'diff', ...parameters, `--kubeconfig=${kubeconfig}`], {
    ...process.env,
    OUTRIDER_LOOKUP: 'false',
  });
}

function rowsIn({ stdout }: Ran, list: string): readonly JsonObject[] {
  return listOf(objectOf(JSON.parse(stdout))?.[list]).filter(isObject);
}

/** Name and resourceVersion of everything that a change could touch. */
async function stored(api: ApiServer): Promise<string> {
  const kinds = 'ns,deploy,sts,cronjob,job,rs,pod,secret,resourcequota,limitrange,ipol';
  const columns = 'custom-columns=K:.kind,N:.metadata.namespace,A:.metadata.name,V:.metadata.resourceVersion';
  const { stdout, exitCode } = await api.kubectl(['get', kinds, '-A', '-o', columns, '--no-headers']);
  if (exitCode !== 0) throw new Error(`kubectl get: ${stdout}`);
  return stdout;
}

t.test('a thousand workloads of a hundred templates', async (t) => {
  const api = await startApiServer({ controllerManager: false, audit: true });
  t.teardown(() => api.stop());
  await addNode(api);
  await installDefinitions(api);
  await fillPreview(api, scale);
  await applyText(api, now);
  await applyText(api, owned);
  const admin = (await api.certificateFor('previewer', ['system:masters'])).kubeconfig;
  const file = (name: string, text: string): string => {
    const path = join(api.directory, name);
    writeFileSync(path, text);
    return path;
  };
  const before = await stored(api);

  const asked = (): number => api.audited().filter(({ user }) => user === 'previewer').length;
  await t.test('each template is decided on once, and each workload is listed once', async (t) => {
    const startMs = performance.now();
    const ran = await diff(admin, '--policy', file('then.yaml', then), '-A', '-o', 'json');
    const seconds = (performance.now() - startMs) / 1000;
    t.equal(ran.stderr, '');
    t.equal(ran.exitCode, 1);
    const rows = rowsIn(ran, 'workloads');
    t.equal(
      rows.length,
      labelledWorkloads().length + 3,
      'the labelled namespaces’ workloads, a bare pod, a bare Job and a bare ReplicaSet',
    );
    t.equal(
      new Set(rows.map(({ namespace, kind, name }) => JSON.stringify([namespace, kind, name]))).size,
      rows.length,
    );
    const templates = rowsIn(ran, 'templates');
    t.comment(`${rows.length} workloads, ${templates.length} templates, ${asked()} requests, ${seconds.toFixed(1)} s`);
    t.equal(templates.length, distinctTemplates() + 3);
    for (const row of rows) {
      const { decision, reason } = objectOf(row['then']) ?? {};
      const network = hasHostNetwork(stringOf(row['name']) ?? '');
      const wanted = network ? 'skip host_network' : 'inject injected';
      if ([decision, reason].map(stringOf).join(' ') !== wanted) t.fail(`${JSON.stringify(row)}: not ${wanted}`);
    }
    const sums = rowsIn(ran, 'growth');
    t.ok(sums.length > 0);
    const quotas = sums.flatMap((sum) => listOf(sum['quotas'])).filter(isObject);
    t.ok(quotas.length > 0);
  });

  await t.test('what would be denied is foreseen, and ends with 3', async (t) => {
    const both = file('both.yaml', `${then}${strict}`);
    const ran = await diff(admin, '--policy', both, '-n', namespaceName(0), '-o', 'json');
    t.equal(ran.exitCode, 3);
    for (const row of rowsIn(ran, 'workloads')) {
      const denied = hasHostNetwork(stringOf(row['name']) ?? '');
      t.match(row['then'], denied ? { decision: 'deny', reason: 'host_network' } : { decision: 'inject' });
    }
    const text = await diff(admin, '--policy', both, '-n', namespaceName(0));
    t.match(text.stdout, /Overlap: strict and default match \d+ workloads in 1 namespace; strict wins\./);
  });

  await t.test('nothing is created or changed, and what is read is counted', async (t) => {
    t.equal(await stored(api), before);
    const verbs = new Map<string, number>();
    for (const { user, verb, resource } of api.audited()) {
      if (user === 'previewer') verbs.set(`${verb} ${resource}`, (verbs.get(`${verb} ${resource}`) ?? 0) + 1);
    }
    t.comment(JSON.stringify([...verbs]));
    t.same(
      [...verbs.keys()].filter((what) => !/^(get|list) /.test(what)),
      [],
    );
  });

  await t.test('somebody who may look at one namespace', async (t) => {
    const place = namespaceName(1);
    await applyText(api, rights(place));
    const { kubeconfig } = await api.certificateFor('jane', ['developers']);
    const policies = ['--policy', file('then.yaml', then)];
    const ran = await diff(kubeconfig, ...policies, '-n', place);
    t.equal(ran.exitCode, 2);
    t.match(ran.stderr, `you may not list cronjobs.batch in namespace ${place}: those are missing here`);
    t.notMatch(ran.stderr, 'rollouts', 'a kind that the cluster does not have is not missing');
    t.match(ran.stdout, /deploy\/app-\d+ +skip policy_off +inject injected/);
    const all = await diff(kubeconfig, ...policies, '-A');
    t.match(all, { exitCode: 2, stdout: '', stderr: /may not|forbids its user to read namespaces/ });
  });
});

/** How many templates there are that may be decided otherwise: by what is in them, and by the facts of their namespaces. */
function distinctTemplates(): number {
  const all = labelledWorkloads().map((index) => {
    const namespace = index % scale.namespaces;
    const { spec } = workloadOf(index, scale).object;
    const text = JSON.stringify(spec);
    const pod = text.slice(text.lastIndexOf('"containers"')) + String(text.includes('hostNetwork'));
    return JSON.stringify([pod, text.includes('jobTemplate'), enforces(namespace), hasQuota(namespace)]);
  });
  return new Set(all).size;
}

function labelledWorkloads(): readonly number[] {
  return Array.from({ length: scale.workloads }, (_, index) => index).filter((index) =>
    isLabelled(index % scale.namespaces),
  );
}

function hasHostNetwork(name: string): boolean {
  const index = Number(/^app-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  if (Number.isNaN(index)) return false;
  return JSON.stringify(workloadOf(index, scale).object).includes('"hostNetwork":true');
}

const bare = '{containers: [{name: app, image: "acme/app:1", command: [/app]}], restartPolicy: Never}';
const app = '{containers: [{name: app, image: "acme/app:1", command: [/app]}]}';
const maker = (apiVersion: string, kind: string, name: string): string =>
  `ownerReferences: [{apiVersion: ${apiVersion}, kind: ${kind}, name: ${name}, uid: 0f0f0f0f-0000-4000-8000-000000000000, controller: true}]`;

/** Objects that others made, which are counted with those, and the same kinds without a maker. */
const owned = `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: app-1-5d8f7c9b6, namespace: team-01, ${maker('apps/v1', 'Deployment', 'app-1')}}
spec: {replicas: 1, selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: ${app}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: alone, namespace: team-01}
spec: {replicas: 1, selector: {matchLabels: {app: alone}}, template: {metadata: {labels: {app: alone}}, spec: ${app}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: report-29000000, namespace: team-01, ${maker('batch/v1', 'CronJob', 'report')}}
spec: {template: {spec: ${bare}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: seed, namespace: team-01}
spec: {template: {spec: ${bare}}}
---
apiVersion: v1
kind: Pod
metadata: {name: app-1-5d8f7c9b6-x2x7q, namespace: team-01, ${maker('apps/v1', 'ReplicaSet', 'app-1-5d8f7c9b6')}}
spec: ${app}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: team-01}
spec: ${app}
`;

const rights = (namespace: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: viewer, namespace: ${namespace}}
rules:
  - {apiGroups: ["", apps], resources: ["*"], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewer, namespace: ${namespace}}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: viewer, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: policies}
rules:
  - {apiGroups: [outrider.dev], resources: ["*"], verbs: [get, list]}
  - {apiGroups: [""], resources: [namespaces], resourceNames: [${namespace}], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: policies}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: policies, apiGroup: rbac.authorization.k8s.io}
`;
