import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { isObject, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { applyText } from './apply.js';
import { bundle, withoutRegistry as run } from './cli.js';
import { startCommandScene } from './command-scene.js';
import { until } from './guarded-process.js';

t.setTimeout(900_000);

const objects = `
apiVersion: v1
kind: Namespace
metadata: {name: security}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: acme/web:1, command: [/app, serve]}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: acme/db:1, command: [/db]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: canary
  namespace: security
  labels: {app.kubernetes.io/name: outrider, app.kubernetes.io/instance: canary}
spec:
  replicas: 0
  selector: {matchLabels: {app: outrider}}
  template:
    metadata: {labels: {app: outrider}}
    spec: {containers: [{name: outrider, image: outrider}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: canary}
webhooks:
  - name: default.outrider.dev
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    matchConditions: [{name: never, expression: "false"}]
    clientConfig: {service: {name: canary, namespace: security, path: /}}
    rules: []
`;

const away = ['--instance', 'canary'];

/** A habit, its exit code, and what it prints: on standard output, or on standard error where that is meant. */
const table: readonly (readonly [habit: readonly string[], code: number, says: RegExp, on?: 'stderr'])[] = [
  [['explain', 'deploy/web', '-n', 'shop', '-o', 'wide'], 0, /^deploy\/web {2}SKIP/],
  [['explain', 'deploy/web', '-n', 'shop', '-o', 'yaml'], 0, /^- file: https:[^]*\n {2}kind: Deployment\n/],
  [['explain', 'ns/shop'], 0, /^deploy\/web {2}SKIP[^]*\nsts\/db {2}SKIP/],
  [['explain', '-l', 'app=db', '-n', 'shop'], 0, /^sts\/db {2}SKIP/],
  [
    ['explain', '-l', 'app=none', '-n', 'shop'],
    2,
    /there is no Deployment, .* with app=none in namespace shop/,
    'stderr',
  ],
  [
    ['explain', '-A'],
    2,
    /unknown option '-A'; explain is about one workload or one namespace; outrider coverage -A/,
    'stderr',
  ],
  [['explain', 'shop/web'], 2, /shop is no kind that is a pod or makes pods; .* a namespace with -n\./, 'stderr'],
  [['explain', 'rollout/web', '-n', 'shop'], 2, /the cluster has no rollouts\.argoproj\.io \(v1alpha1\)/, 'stderr'],
  [['explain', 'deploy/web', '-n', 'shop', '--as', 'jane'], 2, /forbid|may not|\(403\)/, 'stderr'],
  [['explain', 'deploy/web', '-n', 'shop', '--as', 'jane', '--as-group', 'system:masters'], 0, /^deploy\/web {2}SKIP/],
  [['explain', 'deploy/web', '-n', 'shop', '--token', 'nobody'], 2, /\(401\)|log in/, 'stderr'],
  [['explain', 'deploy/web', '-n', 'shop', '--request-timeout', '5'], 0, /^deploy\/web {2}SKIP/],
  [['explain', 'deploy/web', '-n', 'shop', '--request-timeout', '1m'], 0, /^deploy\/web {2}SKIP/],
  [['explain', 'deploy/web', '-n', 'shop', '--request-timeout', 'soon'], 2, /--request-timeout is "soon"/, 'stderr'],
  [['coverage', 'ns/shop'], 0, /^WORKLOAD [^]*\n2 pods of 2 workloads: /],
  [['coverage', '-A', '-o', 'yaml'], 0, /^server: https:/],
  [
    ['coverage', 'deploy/web'],
    2,
    /coverage looks at namespaces; outrider explain deploy\/web and outrider verify deploy\/web/,
    'stderr',
  ],
  [
    ['coverage', '-l', 'app=web'],
    2,
    /unknown option '-l'; coverage takes no label selector; name a workload to outrider explain/,
    'stderr',
  ],
  [['verify', 'ns/shop'], 2, /NOTHING|nothing/],
  [['verify', '-l', 'app=web', '-n', 'shop'], 2, /NOTHING|nothing/],
  [['verify', '-A'], 2, /unknown option '-A'; a look into every pod of a cluster takes long;/, 'stderr'],
  [['restart', 'ns/shop'], 2, /a namespace is given with -n NAME, and workloads of it by name\./, 'stderr'],
  [['restart', '-l', 'app=web'], 2, /unknown option '-l'; restart takes no label selector; name workloads,/, 'stderr'],
  [
    ['status', '-n', 'shop', ...away],
    1,
    /^shop\/canary {2}NEEDS ATTENTION\n.*\n\n✗ installation: there is no installation canary in namespace shop: its webhooks call a Service in namespace security\n {4}outrider status -n security --instance canary\n$/,
  ],
  [['status', '-A'], 1, /^security\/canary {2}NEEDS ATTENTION\n/],
  [['status', '-A', '-o', 'yaml'], 1, /^- server: https:/],
  [
    ['status', 'deploy/web'],
    2,
    /too many arguments for 'status'.* outrider explain deploy\/web is about one workload\./,
    'stderr',
  ],
  [['pause', 'deploy/web'], 2, /too many arguments for 'pause'.* outrider\.dev\/inject=disabled/, 'stderr'],
  [
    ['pause', '-n', 'security', ...away],
    2,
    /new pods are neither instrumented nor checked\. Nobody is there to be asked: give --yes, or say with --for/,
    'stderr',
  ],
];

t.test('habits from kubectl, on a real API server', async (t) => {
  const api = await startCommandScene(t, objects);
  const admin = api.kubeconfig;

  await t.test('U8, U10, U20: each works, or is refused in one line with what to type', async (t) => {
    for (const [habit, code, says, on = 'stdout'] of table) {
      const ran = await run(admin, habit);
      const title = habit.join(' ');
      t.equal(ran.exitCode, code, `${title}: ${ran.stderr}`);
      t.match(ran[on], says, title);
      if (on === 'stderr') t.match(ran.stderr, /^outrider: error: [^\n]+ \[docs\/errors\.md#[a-z_]+\]\n$/, title);
    }
  });

  await t.test('U8: status -w goes on until it is ended', async (t) => {
    const env = { ...process.env, KUBECONFIG: admin };
    const child = spawn(process.execPath, [bundle, 'status', '-w', '-n', 'security', ...away], { env });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    await until('a look', () => Promise.resolve(stdout.includes('security/canary')));
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    t.equal(code, 1, 'what the last look came to');
  });

  await t.test('U10: a pause says for how long, and a second one keeps the reason', async (t) => {
    const pause = (...parameters: readonly string[]) => run(admin, ['pause', '-n', 'security', ...away, ...parameters]);
    const first = await pause('--for', '1d', '--reason', 'registry is down');
    t.equal(first.exitCode, 0, first.stderr);
    t.match(first.stdout, /^canary in security is paused for 1 d, until 20.*Z \(registry is down\)\n/);
    const second = await pause('--yes');
    t.equal(second.exitCode, 0, second.stderr);
    t.match(
      second.stdout,
      /^canary in security is paused for 1 h, until 20.*Z \(registry is down\)\nit was paused already, until 20.*Z: that end is replaced\n/,
    );
    const third = objectOf(JSON.parse((await pause('--for', '2h', '--reason', 'upgrade', '-o', 'json')).stdout));
    t.match(third, { reason: 'upgrade', earlier: { reason: 'registry is down' } });
  });

  await t.test('U24: a namespace that is being deleted lacks nothing', async (t) => {
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'going', labels: { 'outrider.dev/inject': 'enabled' } },
    };
    await applyText(api, JSON.stringify(namespace));
    const pod = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'stays', namespace: 'going', finalizers: ['outrider.dev/test'] },
    };
    await applyText(api, JSON.stringify(pod));
    const reaches = async (): Promise<readonly unknown[]> => {
      const report = objectOf(
        JSON.parse((await run(admin, ['status', '-n', 'security', ...away, '-o', 'json'])).stdout),
      );
      const policies = objectOf(report?.['policies'])?.['value'];
      return listOf(
        listOf(policies)
          .filter(isObject)
          .map((policy: JsonObject) => policy['namespaces'])[0],
      );
    };
    t.same(await reaches(), ['going', 'shop']);
    await api.kubectl(['delete', 'namespace', 'going', '--wait=false']);
    t.same(await reaches(), ['shop']);
  });
});
