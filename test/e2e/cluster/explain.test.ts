import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startApiServer } from './api-server.js';
import { applyText } from './apply.js';
import { bundle, withoutRegistry, type Ran } from './cli.js';
import { defaultPolicy, shopNamespace } from './command-scene.js';
import { installDefinitions } from './definitions.js';
import { addNode } from './node.js';
import { objectIn } from './kubectl.js';

t.setTimeout(900_000);

const namespaces = `${shopNamespace({ 'pod-security.kubernetes.io/enforce': 'baseline' })}---
apiVersion: v1
kind: Namespace
metadata: {name: outrider-system}
`;

const workloads = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: acme/web:1, command: [/app, serve]}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: acme/report:1}]}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, annotations: {}}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db, outrider.dev/inject: disabled}}
    spec: {containers: [{name: db, image: acme/db:1, command: [/db]}]}
`;

const image = 'quay.io/sysdig/workload-agent:6.3.0';
const images = JSON.stringify({ [image]: { entrypoint: ['/opt/draios/bin/sidecar'] } });
const rewrite = '--image-rewrite=quay.io/=registry.example.com/';
const installed = `
apiVersion: v1
kind: ConfigMap
metadata: {name: outrider-images, namespace: outrider-system}
data: {images.json: '${images}'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: outrider, namespace: outrider-system}
spec:
  replicas: 0
  selector: {matchLabels: {app: outrider}}
  template:
    metadata: {labels: {app: outrider}}
    spec:
      containers:
        - name: outrider
          image: outrider
          args: [serve, --cluster, ${rewrite}, --image-config=/etc/outrider/images/images.json, --log-level=info]
          volumeMounts: [{name: images, mountPath: /etc/outrider/images}]
      volumes: [{name: images, configMap: {name: outrider-images}}]
`;

const fewRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: viewer, namespace: shop}
rules:
  - {apiGroups: ["", apps, batch], resources: [pods, deployments, cronjobs, namespaces], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewer, namespace: shop}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: viewer, apiGroup: rbac.authorization.k8s.io}
`;

/** Says where the cluster is by a flag, which counts before the variable. */
function run(kubeconfig: string, parameters: readonly string[]): Promise<Ran> {
  return withoutRegistry(kubeconfig, [...parameters, '--kubeconfig', kubeconfig]);
}

function explanations({ stdout }: Ran): readonly JsonObject[] {
  return listOf(JSON.parse(stdout)).filter(isObject);
}

t.test('objects of a real API server are explained', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  await addNode(api);
  t.teardown(() => api.stop());
  const admin = api.kubeconfig;

  await t.test('before the definitions are there, that is said', async (t) => {
    await applyText(api, namespaces);
    await applyText(api, workloads);
    const { exitCode, stderr, stdout } = await run(admin, ['explain', 'deploy/web', '-n', 'shop']);
    t.equal(exitCode, 2);
    t.equal(stdout, '');
    t.match(stderr, 'does not know the kind Instrumentation');
    t.match(stderr, 'outrider crds | kubectl apply --server-side -f -');
    const own = ['explain', 'deploy/web', '-n', 'shop', '--profile', 'sysdig', '--set', 'region=us2'];
    t.match((await run(admin, own)).stdout, /^deploy\/web {2}/, 'a policy of one’s own needs none');
  });

  await installDefinitions(api);
  await applyText(api, defaultPolicy);

  await t.test('a Deployment without its key, then with it', async (t) => {
    const without = await run(admin, ['explain', 'deploy/web', '-n', 'shop']);
    t.equal(without.stderr, '');
    t.equal(without.exitCode, 0);
    t.match(
      without.stdout,
      /^deploy\/web {2}SKIP.* credentials_missing {2}policy default \(precedence 0, prefers availability\), profile sysdig\n {2}live, from https:/,
    );
    t.match(
      without.stdout,
      /✗ access key +Secret shop\/sysdig-agent has no access-key, or is not there\n +fix: kubectl -n shop create secret generic sysdig-agent --from-literal=access-key=YOUR_ACCESS_KEY\n/,
    );
    t.match(without.stdout, /✗ webhook +the API server has no webhook configuration of this installation/);
    t.match(without.stdout, '· namespace');
    t.match(without.stdout, 'shop (outrider.dev/inject=enabled, pod-security.kubernetes.io/enforce=baseline)');

    const fix = /fix: kubectl (-n shop create secret .*)/.exec(without.stdout)?.[1] ?? '';
    t.equal((await api.kubectl(fix.split(' '))).exitCode, 0, 'the command that helps is one that kubectl takes');
    const { stdout } = await run(admin, ['explain', 'deploy/web', '-n', 'shop']);
    t.match(stdout, /^deploy\/web {2}INJECT 1 of 1 /);
    t.match(stdout, /✓ access key +Secret shop\/sysdig-agent has access-key\n/);
    t.match(stdout, '/app serve → /opt/draios/bin/instrument /app serve  (from the manifest)');
    t.match(stdout, /· pods now +0 of 1 is instrumented; .*\n +fix: kubectl -n shop rollout restart deploy\/web\n/);
    t.match(stdout, 'native sidecar sysdig-workload-agent', 'the node’s version says that there are such');
    t.match(
      stdout,
      /· delivery +Copy: (?:node node-1 \(containerd:\/\/2\.0\.0, .*mount image volumes rightly|the server is)/,
    );
  });

  await t.test('kinds as kubectl takes them, several at once, as JSON', async (t) => {
    const ran = await run(admin, [
      'explain',
      'Deployments.apps/web',
      'sts/db',
      'cj/report',
      '-n',
      'shop',
      '-o',
      'json',
    ]);
    t.equal(ran.stderr, '');
    const [web, db, report] = explanations(ran);
    t.match(web, { kind: 'Deployment', name: 'web', namespace: 'shop', decision: 'inject', live: { server: api.url } });
    t.match(web, { live: { secret: { state: 'present' }, pods: { seen: 1, instrumented: 0 }, cluster: { nodes: 1 } } });
    t.match(db, { kind: 'StatefulSet', decision: 'skip', reason: 'pod_opted_out' });
    t.match(report, {
      kind: 'CronJob',
      decision: 'skip',
      reason: 'image_unresolved',
      pointer: '/spec/jobTemplate/spec/template',
    });
    const names = await run(admin, ['explain', 'cronjobs', 'report', '-n', 'shop']);
    t.match(names.stdout, /^cronjob\/report {2}/);
  });

  await t.test('a canary: a Deployment, its ReplicaSet and its pod have one share, and their own key', async (t) => {
    const patch = async (canary: string) => {
      const args = ['patch', 'instrumentationpolicy', 'default', '--type=merge', '-p', `{"spec":{"canary":${canary}}}`];
      t.equal((await api.kubectl(args)).exitCode, 0);
    };
    await patch('{"percent":0,"previous":{"profile":{"name":"datadog"}}}');
    const nameOf = async (kind: string): Promise<string> => {
      const listed = objectIn(await api.kubectl(['get', kind, '-n', 'shop', '-l', 'app=web', '-o', 'json']));
      return stringOf(objectOf(objectOf(listOf(listed['items'])[0])?.['metadata'])?.['name']) ?? '';
    };
    const asked = ['deploy/web', `rs/${await nameOf('rs')}`, `po/${await nameOf('pods')}`];
    const ran = await run(admin, ['explain', ...asked, '-n', 'shop', '-o', 'json']);
    t.equal(ran.stderr, '');
    const shares = explanations(ran).map(({ steps, live }) => {
      t.match(live, { secret: { name: 'datadog-agent', key: 'api-key', state: 'missing' } });
      return stringOf(objectOf(listOf(steps).find((one) => objectOf(one)?.['subject'] === 'canary'))?.['detail']);
    });
    t.equal(shares.length, 3);
    for (const share of shares) t.match(share, /^Deployment\/web gets the previous profile: its share is /);
    await patch('null');
  });

  await t.test('a pod says its own state: what it has, what it lacks, what was written on it', async (t) => {
    const plain = objectIn(await api.kubectl(['get', 'pods', '-n', 'shop', '-l', 'app=web', '-o', 'json']));
    const [pod] = listOf(plain['items']);
    const name = stringOf(objectOf(objectOf(pod)?.['metadata'])?.['name']) ?? '';
    const before = await run(admin, ['explain', `po/${name}`, '-n', 'shop']);
    t.match(before.stdout, /^pod\/web-\S+ {2}INJECT/);
    t.match(
      before.stdout,
      /✗ this pod +is not instrumented; .*\n +fix: kubectl -n shop rollout restart deployment\/web\n/,
    );

    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'done', namespace: 'shop' },
      spec: { containers: [{ name: 'app', image: 'acme/app:1', command: ['/app'] }] },
    });
    const patched = await injected(manifest);
    t.equal((await api.kubectl(['create', '-f', '-'], patched)).stderr, '');
    const done = await run(admin, ['explain', 'pod/done', '-n', 'shop']);
    t.match(done.stdout, /✓ this pod +is instrumented: every part is there\n/);
    t.match(done.stdout, /· written on it +status injected, policy sysdig, reason injected, plan sysdig\//);
    t.match(done.stdout, /· since then +a new pod gets policy default/);
    t.match((await run(admin, ['explain', 'pod/done', '-n', 'shop', '-o', 'json'])).stdout, '"instrumented": true');

    const parts: unknown = JSON.parse(patched);
    const changed = JSON.parse(
      JSON.stringify(parts)
        .replace('"name":"done"', '"name":"half"')
        .replaceAll('/opt/draios/bin/instrument', '/bin/true'),
    ) as JsonObject;
    t.equal((await api.kubectl(['create', '-f', '-'], JSON.stringify(changed))).exitCode, 0);
    const half = await run(admin, ['explain', 'pod/half', '-n', 'shop']);
    t.match(half.stdout, /✗ this pod +is instrumented in part; it lacks .*wrapper of container app/);
  });

  await t.test('the installation’s own flags and image map count, behind the caller’s', async (t) => {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'kept', namespace: 'shop' },
      spec: { containers: [{ name: 'app', image: 'acme/app:1', command: ['/app'] }] },
    });
    const folder = t.testdir({ 'images.json': images });
    const asServed = [rewrite, `--image-config=${folder}/images.json`, '--native-sidecars=true'];
    t.equal((await api.kubectl(['create', '-f', '-'], await injected(manifest, ...asServed))).stderr, '');
    const explain = ['explain', 'pod/kept', '-n', 'shop'];
    t.match((await run(admin, explain)).stdout, 'parts_differ', 'by the defaults');
    await applyText(api, installed);
    const { stdout, stderr } = await run(admin, explain);
    t.equal(stderr, '');
    t.match(stdout, /✓ this pod +is instrumented: every part is there\n/);
    t.notMatch(stdout, 'keeper_left_out');
    const other = await run(admin, [...explain, '--image-rewrite=quay.io/=other.example.com/']);
    t.match(other.stdout, 'parts_differ', 'what the caller says wins');
  });

  await t.test('what is not there, and what does not go together', async (t) => {
    const says = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await run(admin, ['explain', ...words]);
      t.equal(exitCode, 2);
      return stderr;
    };
    t.match(await says('deploy/nope', '-n', 'shop'), 'there is no Deployment nope in namespace shop (https://');
    t.match(await says('deploy/web'), 'there is no Deployment web in namespace default', 'the context’s namespace');
    t.match(await says('deploy/web', '-n', 'nowhere'), /there is no (Deployment web in )?namespace nowhere/);
    t.match(await says('service/web'), 'service is no kind that is a pod or makes pods');
    t.match(await says('deplyo/web'), 'Did you mean deploy?');
    t.match(await says('web.yaml'), '--kubeconfig is about objects of a cluster');
    t.match(await says('deploy/web', '-f', 'web.yaml'), 'are two inputs');
    t.match(await says('-f', 'web.yaml', '--profile', 'sysdig'), '--kubeconfig is about objects of a cluster');
    t.match(await says('deploy/web', '--set', 'region=us2'), 'does not change the cluster’s policies');
    t.match(await says('deploy/web', '--context', 'other'), 'there is no context other; there are test');
  });

  await t.test('somebody with few rights', async (t) => {
    await applyText(api, fewRights);
    const { kubeconfig } = await api.certificateFor('jane', ['developers']);
    const policies = await run(kubeconfig, ['explain', 'deploy/web', '-n', 'shop']);
    t.equal(policies.exitCode, 2);
    t.match(policies.stderr, /forbids its user to read instrumentation\w+ \(403\); ask for the right to list/);
    const own = ['--profile', 'sysdig', '--set', 'region=us2'];
    const secret = await run(kubeconfig, ['explain', 'deploy/web', '-n', 'shop', ...own]);
    t.equal(secret.exitCode, 0);
    t.match(secret.stdout, /^deploy\/web {2}INJECT 1 of 1/, 'a Secret that may not be read holds nothing up');
    t.match(secret.stdout, 'Secret shop/sysdig-agent may not be read');
    t.match(secret.stdout, /· nodes +may not be read; taken to have (?:no )?native sidecars/);
    const sts = await run(kubeconfig, ['explain', 'sts/db', '-n', 'shop']);
    t.match(sts.stderr, 'forbids its user to read StatefulSet db in namespace shop (403); ask for the right to get');
  });
});

/** The manifest as `outrider inject` gives it. */
async function injected(manifest: string, ...flags: readonly string[]): Promise<string> {
  const policy = ['--profile', 'sysdig', '--set', 'region=us2', '--no-lookup'];
  const place = ['-n', 'shop', '--namespace-labels', 'pod-security.kubernetes.io/enforce=baseline'];
  const argv = [bundle, 'inject', '-f', '-', '-q', '-o', 'json', ...policy, ...place, ...flags];
  const running = promisify(execFile)(process.execPath, argv);
  running.child.stdin?.end(manifest);
  return (await running).stdout;
}
