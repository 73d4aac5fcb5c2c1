import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { startApiServer } from '../cluster/api-server.js';
import { installDefinitions } from '../cluster/definitions.js';
import { findHelm, release } from '../cluster/helm.js';
import { installHookIdentity, installIdentity, type ChartIdentity } from '../cluster/service-account.js';

t.setTimeout(900_000);

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
await installDefinitions(api);
await api.kubectl(['create', 'namespace', 'shop']);

const own = `--namespace=${release.namespace}`;
const shop = '--namespace=shop';
/** A verb, what it is done to, and where. */
type Right = readonly [string, string, ...string[]];

async function may({ kubectl }: ChartIdentity, [verb, what, ...flags]: Right): Promise<boolean> {
  return (await kubectl(['auth', 'can-i', verb, what, ...flags])).stdout.trim() === 'yes';
}

const always: readonly Right[] = [
  ['watch', 'instrumentationpolicies'],
  ['watch', 'instrumentationprofiles'],
  ['patch', 'instrumentationpolicies', '--subresource=status'],
  ['patch', 'instrumentationprofiles', '--subresource=status'],
  ['watch', 'namespaces'],
  ['list', 'nodes'],
  ['list', 'limitranges', shop],
  ['list', 'resourcequotas', shop],
  ['create', 'mutatingwebhookconfigurations'],
  ['patch', 'mutatingwebhookconfigurations/outrider'],
  ['delete', 'validatingwebhookconfigurations/outrider'],
  ['get', 'clusterroles/outrider'],
  ['create', 'leases', own],
  ['update', 'leases/outrider', own],
  ['watch', 'configmaps/outrider', own],
  ['create', 'configmaps', own],
  ['create', 'podtemplates', own],
  ['create', 'secrets', own],
  ['watch', 'secrets/outrider-certificate', own],
  ['update', 'secrets/outrider-certificate', own],
  ['delete', 'secrets/outrider-certificate', own],
  ['list', 'pods', own],
  ['watch', 'pods', own],
];
/** Only whoever leaves claimed pods out of the webhook's calls has to know who else changes pods. */
const others: readonly Right[] = [
  ['list', 'mutatingwebhookconfigurations'],
  ['watch', 'mutatingwebhookconfigurations'],
];
const never: readonly Right[] = [
  ['get', 'instrumentationpolicies/any'],
  ['patch', 'instrumentationpolicies'],
  ['patch', 'namespaces'],
  ['delete', 'mutatingwebhookconfigurations/other'],
  ['get', 'clusterroles/admin'],
  ['get', 'nodes/any'],
  ['update', 'leases/other', own],
  ['patch', 'leases/outrider', own],
  ['delete', 'leases/outrider', own],
  ['patch', 'configmaps/outrider', own],
  ['update', 'configmaps/outrider', own],
  ['delete', 'configmaps/outrider-mirrored', own],
  ['get', 'leases/outrider', shop],
  ['get', 'configmaps/other', own],
  ['create', 'configmaps', shop],
  ['create', 'pods', own],
  ['create', 'podtemplates', shop],
  ['get', 'podtemplates/any', own],
  ['list', 'podtemplates', own],
  ['update', 'podtemplates/any', own],
  ['delete', 'podtemplates/any', own],
  ['watch', 'limitranges', shop],
  ['get', 'resourcequotas/any', shop],
  ['update', 'resourcequotas/any', shop],
  ['watch', 'pods', shop],
  ['watch', 'secrets', shop],
  ['list', 'secrets', shop],
  ['impersonate', 'users'],
  ['escalate', 'clusterroles'],
];
const pullSecrets: readonly Right[] = [
  ['get', 'secrets/any', shop],
  ['get', 'serviceaccounts/any', shop],
];
const mirrorSecrets: readonly Right[] = [
  ['create', 'secrets', shop],
  ['update', 'secrets/any', shop],
  ['delete', 'secrets/any', shop],
  ['update', 'configmaps/outrider-mirrored', own],
];
const events: readonly Right[] = [
  ['create', 'events.events.k8s.io', shop],
  ['patch', 'events.events.k8s.io', shop],
  ['get', 'replicasets.apps/any', shop],
  ['get', 'jobs.batch/any', shop],
  ['get', 'replicationcontrollers/any', shop],
];
const policyKinds = [
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
];
const apiServerPolicies: readonly Right[] = [
  ['watch', 'instrumentationplans', shop],
  ['patch', 'instrumentationplans/any', shop],
  ['delete', 'instrumentationplans/any', shop],
  ['get', 'clusterroles/outrider-api-server-policies'],
  ...policyKinds.flatMap((kind): readonly Right[] => [
    ['list', kind],
    ['create', kind],
    ['update', `${kind}/outrider-1`],
    ['delete', `${kind}/outrider-16`],
    ['delete', `${kind}/outrider-probe`],
  ]),
];
const neverOfPolicies: readonly Right[] = policyKinds.flatMap((kind): readonly Right[] => [
  ['update', `${kind}/theirs`],
  ['delete', `${kind}/theirs`],
  ['delete', `${kind}/outrider-plans`],
  ['delete', `${kind}/outrider-17`],
]);
const audit: readonly Right[] = [['list', 'pods', shop]];
const sessions: readonly Right[] = [['get', 'pods/any', shop]];

/** Every right of these that an installation has otherwise than it should. */
async function wrong(
  identity: ChartIdentity,
  allowed: readonly Right[],
  refused: readonly Right[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const right of allowed) if (!(await may(identity, right))) found.push(`may not ${right.join(' ')}`);
  for (const right of refused) if (await may(identity, right)) found.push(`may ${right.join(' ')}`);
  return found;
}

t.test('F35: an installation has the rights that its features need, and no others', async (t) => {
  const plain = await installIdentity(api);
  t.same(
    await wrong(
      plain,
      [...always, ...pullSecrets, ...events, ...audit, ...sessions],
      [...never, ...others, ...mirrorSecrets, ...apiServerPolicies],
    ),
    [],
  );
  const mirroring = await installIdentity(api, { mirrorSecrets: true });
  t.same(
    await wrong(mirroring, [...always, ...pullSecrets, ...mirrorSecrets, ...events, ...audit, ...sessions], never),
    [],
  );
  const injecting = await installIdentity(api, { apiServerPolicies: 'Auto' });
  t.same(await wrong(injecting, [...apiServerPolicies, ...others], [...never, ...neverOfPolicies]), []);
  await api.kubectl(['delete', 'clusterrole,clusterrolebinding', 'outrider-api-server-policies']);
  const bare = await installIdentity(api, {
    pullSecrets: false,
    events: false,
    audit: { minutes: 0 },
    takeBackAfter: '0',
    sessions: { enabled: false },
    certificates: { source: 'secret', secretName: 'certificate' },
  });
  t.same(
    await wrong(bare, always, [
      ...never,
      ...others,
      ...pullSecrets,
      ...mirrorSecrets,
      ...events,
      ...audit,
      ...sessions,
    ]),
    [],
  );
});

t.test('F35: no right stands twice in a role', async (t) => {
  const helm = await findHelm(api);
  for (const values of [{}, { mirrorSecrets: true }]) {
    for (const { kind, metadata, rules } of await helm.render(values)) {
      if (kind !== 'Role' && kind !== 'ClusterRole') continue;
      const rights = listOf(rules).flatMap((rule) => {
        const { apiGroups, resources, resourceNames, verbs } = objectOf(rule) ?? {};
        const places = resourceNames === undefined ? ['any'] : listOf(resourceNames);
        return listOf(apiGroups).flatMap((group) =>
          listOf(resources).flatMap((what) =>
            places.flatMap((name) => listOf(verbs).map((verb) => JSON.stringify([group, what, name, verb]))),
          ),
        );
      });
      const twice = rights.filter((right, index) => rights.indexOf(right) !== index);
      t.same(twice, [], stringOf(objectOf(metadata)?.['name']) ?? '');
    }
  }
});

t.test('a policy of the values that mirrors brings the rights for it', async (t) => {
  const spec = { profile: { name: 'datadog' }, credentials: { mirror: true } };
  const identity = await installIdentity(api, { policies: { payments: spec } });
  t.same(await wrong(identity, mirrorSecrets, never), []);
});

t.test('the rights for the objects themselves are what server-side apply asks for', async (t) => {
  const { kubectl } = await installIdentity(api);
  const create = (object: object) =>
    kubectl(['apply', '--server-side', '--field-manager=outrider', '-f', '-'], JSON.stringify(object));
  const configuration = (name: string) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [],
  });
  t.match(await create(configuration('outrider')), { exitCode: 0 }, 'makes its own');
  t.match(await create({ ...configuration('outrider'), metadata: { name: 'outrider', labels: { a: 'b' } } }), {
    exitCode: 0,
  });
  t.match(await kubectl(['get', 'mutatingwebhookconfigurations', '--field-selector=metadata.name=outrider']), {
    exitCode: 0,
    stdout: /outrider/,
  });
  t.match(await create(configuration('other')), { exitCode: 1, stderr: /cannot patch resource/ });
});

t.test('the hook may take away, and write nothing but the webhook configurations that it empties', async (t) => {
  const takesAway: readonly Right[] = [
    ['patch', 'mutatingwebhookconfigurations/outrider'],
    ['patch', 'validatingwebhookconfigurations/outrider'],
    ['get', 'clusterroles/outrider'],
  ];
  const secrets: readonly Right[] = [
    ['get', 'secrets/any', shop],
    ['delete', 'secrets/any', shop],
  ];
  const others: readonly Right[] = [
    ['create', 'mutatingwebhookconfigurations'],
    ['patch', 'mutatingwebhookconfigurations/other'],
    ['delete', 'mutatingwebhookconfigurations/other'],
    ['create', 'secrets', shop],
    ['list', 'secrets', shop],
    ['get', 'configmaps/outrider', own],
    ['patch', 'configmaps/outrider', own],
    ['update', 'leases/outrider', own],
  ];
  t.same(await wrong(await installHookIdentity(api), takesAway, [...others, ...secrets]), []);
  t.same(await wrong(await installHookIdentity(api, { mirrorSecrets: true }), [...takesAway, ...secrets], others), []);
});

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

t.test('what the hook runs takes everything away, with its own rights', async (t) => {
  const values = { mirrorSecrets: true };
  await installIdentity(api, values);
  const identity = await installHookIdentity(api, values);
  const job = (await (await findHelm(api)).render(values)).find(({ kind }) => kind === 'Job');
  const template = objectOf(objectOf(objectOf(job?.['spec'])?.['template'])?.['spec']);
  const [container] = listOf(template?.['containers']);
  const args = listOf(objectOf(container)?.['args']).map((arg) => stringOf(arg) ?? '');
  t.same(args.slice(0, 3), ['pause', '--for=forever', '--remove-secrets']);

  const items = [
    ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].flatMap((kind) =>
      ['outrider', 'other'].map((name) => ({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        metadata: { name },
        webhooks: [],
      })),
    ),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'copy',
        namespace: 'shop',
        labels: { 'app.kubernetes.io/managed-by': 'outrider', [names.mirrorOf]: 'payments' },
        annotations: { [names.mirrorSource]: 'version' },
      },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other', namespace: 'shop' } },
    // What the leader notes of its copies.
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'outrider-mirrored', namespace: release.namespace },
      data: { copy: 'payments', other: 'payments' },
    },
  ];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  t.match(await api.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list), { exitCode: 0 });
  const env = { ...process.env, KUBECONFIG: identity.kubeconfig };
  const { stdout } = await promisify(execFile)(process.execPath, [bundle, ...args], { env });
  t.match(stdout, 'outrider in outrider-system is paused until outrider resume');
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
    const { stdout } = await api.kubectl(['get', kind, 'outrider', '-o', 'json']);
    const { metadata, webhooks } = objectOf(JSON.parse(stdout)) ?? {};
    t.match(metadata, { ownerReferences: [{ kind: 'ClusterRole', name: 'outrider' }] }, 'it ends with the ClusterRole');
    t.same(listOf(webhooks), []);
  }
  const left = async (...what: readonly string[]) =>
    (await api.kubectl(['get', ...what, '-o', 'name'])).stdout.split('\n');
  const configurations = await left('mutatingwebhookconfigurations,validatingwebhookconfigurations');
  t.equal(configurations.filter((name) => name.endsWith('/other')).length, 2, 'others stay');
  t.same(await left('secrets', shop), ['secret/other', ''], 'and so do other Secrets');
});
