import t, { type Test } from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { findProfile, profileRegistry } from '../../../src/profile/registry.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { findHelm } from './helm.js';
import { install } from './installation.js';
import { accessKey, conditionsOf, labelled, limitRange, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { neededFor, rightsIn, textOf, type Right } from './rights.js';
import { installHookIdentity } from './service-account.js';

t.setTimeout(900_000);

// What two replicas and the hook ask of an API server in their ordinary life, by its audit log, against the rights that the
// chart gives them.

const own = 'outrider-system';
const values = {
  mirrorSecrets: true,
  // Conditions are rehearsed: created and replaced in dry runs.
  webhook: {
    matchConditions: [
      { name: 'no-jobs', expression: "!has(object.metadata.labels) || !('nobody' in object.metadata.labels)" },
    ],
  },
};

/** Rights that nothing here uses, and what does. */
const rare: Readonly<Record<string, string>> = {
  'delete mutatingwebhookconfigurations.admissionregistration.k8s.io outrider':
    'clusters with OwnerReferencesPermissionEnforcement ask for it where an owner is written',
  'delete validatingwebhookconfigurations.admissionregistration.k8s.io outrider': 'the same',
  'get pods': 'the pod of a session is read: test/e2e/cluster/sessions-exec.test.ts',
  'get namespaces': 'one that the watch has not told of yet is read: test/e2e/cluster/state.test.ts',
  'create validatingwebhookconfigurations.admissionregistration.k8s.io':
    'server-side apply of an object that is not there is a patch that asks for it too',
  'update validatingwebhookconfigurations.admissionregistration.k8s.io outrider':
    'what server-side apply cannot take away is replaced: test/e2e/cluster/registration.test.ts',
  'get configmaps outrider-agent-images in outrider-system':
    'it is written once a registry says what an agent’s image starts: test/e2e/cluster/agent-argv.test.ts',
  'update configmaps outrider-agent-images in outrider-system': 'the same',
  'update configmaps outrider-taken-back in outrider-system':
    'it is written once parts of ours keep pods from running: test/e2e/cluster/in-cluster-take-back.test.ts',
  'delete secrets outrider-certificate in outrider-system':
    'a Secret of another type in its place cannot be changed: test/e2e/cluster/certificates.test.ts',
};

const here = await install({ values, audit: true, flags: ['--lookup=true', '--lease-seconds=5'] });
t.teardown(() => here.stop());
const one = await here.addReplica('one');
await here.addReplica('two');
const hook = await installHookIdentity(here.api, values);
const hookOf = ({ metadata }: JsonObject): unknown => objectOf(objectOf(metadata)?.['annotations'])?.['helm.sh/hook'];
// What helm test reads is for test/e2e/deploy/values.test.ts.
const objects = (await (await findHelm(here.api)).render(values)).filter((object) => hookOf(object) !== 'test');
const isHook = (object: JsonObject): boolean => hookOf(object) === 'pre-delete';

const isForPeople = ({ metadata }: JsonObject): boolean =>
  stringOf(objectOf(metadata)?.['name'])?.endsWith('-view') === true;

/** What keeps pods of a template, whose image nobody can look up: a skip that is worth an Event. */
function controller(kind: string, group: string, name: string, replicas: number): JsonObject {
  const spec = { containers: [{ name: 'app', image: '127.0.0.1:1/team/app:1' }], imagePullSecrets: [{ name: 'pull' }] };
  const template = { metadata: { labels: { app: name } }, spec };
  const selector = kind === 'ReplicationController' ? { app: name } : { matchLabels: { app: name } };
  return {
    apiVersion: group,
    kind,
    metadata: { name, namespace: 'shop' },
    spec:
      kind === 'Job'
        ? { template: { ...template, spec: { ...spec, restartPolicy: 'Never' } } }
        : { replicas, selector, template },
  };
}

async function ready(name: string): Promise<void> {
  await until(`${name} to be Ready`, async () => {
    const all = conditionsOf(await here.get('ipol', name));
    return all.includes('Ready=True Served');
  });
}

t.test('an installation lives: pods, Events, copies, repairs, a pause, another leader, its end', async (t) => {
  await here.apply([namespace('shop', labelled), namespace('bank', { tier: 'bank' })]);
  const profile = findProfile(profileRegistry([]), 'sysdig');
  const metadata = { name: 'ours' };
  const ours = { apiVersion, kind: 'InstrumentationProfile', metadata, spec: profile.spec };
  const pull = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pull', namespace: 'shop' }, type: 'Opaque' };
  const credentials = { secretRef: { name: 'agent', key: 'access-key' }, mirror: true };
  await here.apply([
    limitRange('shop'),
    accessKey(own, 'agent'),
    accessKey('shop'),
    pull,
    ours,
    policy('default', labelled),
    policy('bank', { tier: 'bank' }, { prefer: 'Security', credentials }),
  ]);
  await ready('default');
  await ready('bank');
  await until('an instrumented pod', async () => {
    const { status } = await here.created('bank', pod('probe'), '--dry-run=server');
    return status === 'injected';
  });
  await here.created('shop', pod('one'));
  // A namespace that was made a moment ago is read live.
  await here.apply([namespace('fresh', labelled), accessKey('fresh')]);
  await here.created('fresh', pod('one'));
  await here.apply([
    controller('Deployment', 'apps/v1', 'web', 2),
    controller('ReplicationController', 'v1', 'old', 1),
    controller('Job', 'batch/v1', 'job', 1),
  ]);
  await until('Events', async () => {
    const { stdout } = await here.api.kubectl(['get', 'events.events.k8s.io', '-n', 'shop', '-o', 'json']);
    const items = listOf(objectOf(JSON.parse(stdout))?.['items']).filter(isObject);
    const about = new Set(
      items
        .filter(({ reportingController }) => reportingController === 'outrider.dev/webhook')
        .map(({ regarding }) => stringOf(objectOf(regarding)?.['kind'])),
    );
    return ['Deployment', 'ReplicationController', 'Job'].every((kind) => about.has(kind));
  });
  await here.apply([controller('Deployment', 'apps/v1', 'web', 4)]);
  // The source of a copy changes, and then its policy goes.
  await here.apply([accessKey(own, 'agent', 'two')]);
  const used = (verb: string, resource: string, namespace?: string) =>
    until(`${verb} ${resource}`, () =>
      Promise.resolve(
        here.api
          .audited()
          .filter((each) => each.user === here.identity.user && each.verb === verb && each.resource === resource)
          .some((each) => namespace === undefined || each.namespace === namespace),
      ),
    );
  await used('update', 'secrets', 'bank');
  // A certificate that is not a certificate is made again.
  await here.api.kubectl(['patch', 'secret', 'outrider-certificate', '-n', own, '-p', '{"data":{"tls.crt":"eA=="}}']);
  await here.api.kubectl(['delete', 'validatingwebhookconfiguration', 'outrider']);
  await here.api.kubectl(['label', 'mutatingwebhookconfiguration', 'outrider', 'app.kubernetes.io/name-']);
  await used('patch', 'events');
  await here.api.kubectl(['delete', 'ipol', 'bank']);
  await used('delete', 'secrets', 'bank');
  await here.apply(['bank', 'vault'].map((name) => policy(name, { tier: name }, { prefer: 'Security', credentials })));
  await ready('bank');
  await used('update', 'configmaps');
  t.equal((await outrider(here.api.kubeconfig, 'pause', '--for=forever')).exitCode, 0);
  t.equal((await outrider(here.api.kubeconfig, 'resume')).exitCode, 0);
  await ready('bank');
  await here.kill(one);
  const three = await here.addReplica('three');
  await until('a leader', async () => {
    const leads = await Promise.all(here.replicas.map((replica) => replica.metric('outrider_leader')));
    return leads.includes(1) && three.isReady();
  });
  t.equal((await outrider(hook.kubeconfig, 'pause', '--for=forever', '--remove-secrets')).exitCode, 0);
});

/** Compares what an identity asked with what it may. */
function compare(t: Test, user: string, rights: readonly Right[]): void {
  const made = here.api.audited().filter((request) => request.user === user);
  t.ok(made.length > 10, `${made.length} requests`);
  const refused = made.filter(({ code }) => code === 403).map((request) => textOf(request));
  t.same([...new Set(refused)], [], 'nothing is refused');
  const needed = new Set<Right | undefined>(made.map((request) => neededFor(request, rights)));
  const unused = rights.filter((right) => !needed.has(right)).map(textOf);
  t.same(
    unused.filter((right) => rare[right] === undefined),
    [],
    'what is not used stands in the table',
  );
  const beside = made.filter((request) => neededFor(request, rights) === undefined).map(textOf);
  // Everybody may ask who they are.
  t.same(
    [...new Set(beside)].filter((right) => !right.includes('selfsubjectreviews')),
    [],
    'what is asked for stands in the chart’s rules',
  );
}

t.test('F35: a replica uses every right that it has, and asks for no other', (t) => {
  compare(t, here.identity.user, rightsIn(objects.filter((object) => !isHook(object) && !isForPeople(object))));
  t.end();
});

t.test('F35: the hook uses every right that it has, and asks for no other', (t) => {
  compare(t, hook.user, rightsIn(objects.filter(isHook)));
  t.end();
});

t.test('F35: the table of rare rights names rights that there are', (t) => {
  const all = new Set(rightsIn(objects).map(textOf));
  t.same(
    Object.keys(rare).filter((right) => !all.has(right)),
    [],
  );
  t.end();
});
