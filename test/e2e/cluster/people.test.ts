import t from 'tap';
import { objectOf } from '../../../src/model/json.js';
import { applyAll } from './apply.js';
import { outrider } from './cli.js';
import { startCommandScene } from './command-scene.js';
import { until } from './guarded-process.js';
import { findHelm } from './helm.js';
import { identityOf, type ChartIdentity } from './service-account.js';

t.setTimeout(900_000);

// What somebody without an administrator's rights sees of Outrider: ServiceAccounts with the roles that every cluster has.

const roles = ['view', 'edit', 'admin'] as const;
const bindings = roles
  .map(
    (role) => `
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${role}, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ${role}, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role}}
subjects: [{kind: ServiceAccount, name: ${role}, namespace: shop}]
`,
  )
  .join('---');

const api = await startCommandScene(
  t,
  `
apiVersion: v1
kind: Namespace
metadata: {name: outrider-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: wide, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: wide}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: wide, namespace: shop}]
---
${bindings}
---
# Pods of nodes that do not exist are deleted within a minute.
apiVersion: v1
kind: Node
metadata: {name: none}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {outrider.dev/status: injected}
  annotations: {outrider.dev/policy: default, outrider.dev/reason: injected}
spec: {nodeName: none, containers: [{name: web, image: "acme/web:1", command: [/app]}]}
`,
);
const running = JSON.stringify({ status: { phase: 'Running' } });
await api.kubectl(['patch', 'pod/web', '-n', 'shop', '--subresource=status', '--type=merge', '-p', running]);

/** The chart's roles for people, as these values make them. */
async function installRoles(clusterRoles: object): Promise<void> {
  const objects = await (await findHelm(api)).render({ clusterRoles });
  await applyAll(
    api,
    objects.filter(({ metadata }) => objectOf(metadata)?.['name'] === 'outrider-view'),
    '--server-side',
  );
}

const may = async ({ kubectl }: ChartIdentity, ...words: readonly string[]) =>
  (await kubectl(['auth', 'can-i', ...words])).stdout.trim() === 'yes';

const people = await Promise.all(roles.map((role) => identityOf(api, role, 'shop')));
const wide = await identityOf(api, 'wide', 'shop');
const [viewer] = people;
const kubeconfig = viewer?.kubeconfig ?? '';

t.test('who may not read the policies is told so, and what the pods carry', async (t) => {
  for (const { kubeconfig, user } of people) {
    const explained = await outrider(kubeconfig, 'explain', 'pod/web', '-n', 'shop');
    t.equal(explained.exitCode, 2, user);
    t.match(
      explained.stdout,
      /^NAMESPACE +WORKLOAD +PODS +RECORD\nshop +pod\/web +1 +injected by policy default: injected\n$/,
    );
    t.match(
      explained.stderr,
      /^outrider: error: .*forbids its user to read instrumentation\w+ \(403\); ask for the right/,
    );
    t.match(explained.stderr, 'ClusterRole that ends in -view');
    t.notMatch(explained.stderr, /\n\s+at /, 'no stack trace');
    const covered = await outrider(kubeconfig, 'coverage', '-n', 'shop');
    t.equal(covered.exitCode, 2);
    t.equal(covered.stdout, explained.stdout);
  }
  const json = await outrider(kubeconfig, 'coverage', '-n', 'shop', '-o', 'json');
  t.match(JSON.parse(json.stdout), {
    unread: /forbids its user/,
    records: [{ namespace: 'shop', kind: 'Pod', name: 'web', pods: 1, status: 'injected', policy: 'default' }],
  });
  const everywhere = await outrider(kubeconfig, 'coverage', '-A');
  t.equal(everywhere.exitCode, 2);
  t.match(everywhere.stderr, 'forbids its user to read');
  const status = await outrider(kubeconfig, 'status');
  t.equal(status.exitCode, 2);
  t.match(status.stdout, /policies +unknown: forbidden to you/);
  t.notMatch(status.stderr, /\n\s+at /);
  for (const command of ['verify', 'restart']) {
    const ran = await outrider(kubeconfig, command, 'pod/web', '-n', 'shop');
    t.equal(ran.exitCode, 2, command);
    t.match(ran.stderr, /^outrider: error: /);
    t.notMatch(ran.stderr, /\n\s+at /);
  }
});

t.test('who has view in the whole cluster reads policies and profiles, and writes none', async (t) => {
  t.notOk(await may(wide, 'list', 'instrumentationpolicies'));
  await installRoles({});
  await until('the role to be in view', () => may(wide, 'list', 'instrumentationpolicies'));
  t.ok(await may(wide, 'get', 'instrumentationprofiles/any'));
  t.match(await outrider(wide.kubeconfig, 'coverage', '-A'), { exitCode: 0, stderr: /flags of .* cannot be read/ });
  const status = await outrider(wide.kubeconfig, 'status');
  t.match(status.stdout, /\n +default +Inject/);
  for (const each of [...people, wide]) {
    for (const verb of ['create', 'update', 'patch', 'delete']) {
      t.notOk(await may(each, verb, 'instrumentationpolicies'), `${each.user} ${verb}`);
      t.notOk(await may(each, verb, 'instrumentationprofiles'), `${each.user} ${verb}`);
      t.notOk(await may(each, verb, 'instrumentationpolicies/status'), `${each.user} ${verb}`);
    }
  }
  const admin = await people[2]?.kubectl(['get', 'instrumentationpolicies']);
  t.match(admin, { exitCode: 1, stderr: /Forbidden/ }, 'a role in a namespace is of no help there');
});

t.test('readers of the values get answers in their namespace, with what they could not read', async (t) => {
  await installRoles({ aggregate: false, readers: [{ kind: 'Group', name: 'system:serviceaccounts:shop' }] });
  for (const { kubeconfig, user } of people) {
    const explained = await outrider(kubeconfig, 'explain', 'pod/web', '-n', 'shop', '--lookup=false');
    t.equal(explained.exitCode, 0, `${user} ${explained.stderr}`);
    t.match(explained.stdout, /policy default \(precedence 0/);
    t.match(explained.stdout, /· installation +Deployment outrider-system\/outrider may not be read/);
    t.match(explained.stdout, /· webhook +its configuration may not be read/);
    t.match(explained.stdout, /· nodes +may not be read/);
    let covered = await outrider(kubeconfig, 'coverage', '-n', 'shop');
    await until('the pod to be listed', async () => {
      covered = await outrider(kubeconfig, 'coverage', '-n', 'shop');
      return /pod\/web +default +1/.test(covered.stdout);
    }).catch((cause: unknown) => {
      throw new Error(JSON.stringify(covered), { cause });
    });
    t.equal(covered.exitCode, 0, covered.stderr);
    t.match(covered.stderr, 'the flags of outrider-system/outrider cannot be read');
  }
});
