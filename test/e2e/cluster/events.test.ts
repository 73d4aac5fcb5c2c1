import { pino } from 'pino';
import t from 'tap';
import { EventRecorder } from '../../../src/cluster/events/recorder.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { systemClock } from '../../../src/time/clock.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { engineOf, policyText } from '../../support/engine.js';
import { startApiServer } from './api-server.js';
import { until } from './guarded-process.js';
import { clientOf, serveDoors } from './in-cluster.js';
import { objectIn } from './kubectl.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

const profile = { name: 'sysdig', settings: { region: 'us2' } };
const match = { namespaceSelector: { matchLabels: { on: 'yes' } } };

/** The rights that Events need, and no more. */
const role: JsonObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'outrider-events' },
  rules: [
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
    { apiGroups: [''], resources: ['replicationcontrollers'], verbs: ['get'] },
  ],
};

const deployment = (name: string, replicas: number, spec: JsonObject): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { ...objectOf(pod(name)['spec']), ...spec } },
  },
});

t.test('Events on a real API server, by the controllers’ pods', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  const { kubeconfig } = await api.certificateFor('outrider', ['outrider']);
  const client = clientOf(kubeconfig);
  t.teardown(() => client.close());
  const create = async (object: JsonObject, ...more: readonly string[]): Promise<string> => {
    const { stderr, exitCode } = await api.kubectl(['create', '-f', '-', ...more], JSON.stringify(object));
    return `${exitCode} ${stderr}`;
  };
  await create(role);
  await create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'outrider-events' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'outrider-events' },
    subjects: [{ kind: 'Group', name: 'outrider', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { on: 'yes' } } });
  const hasAccount = async () => (await api.kubectl(['get', 'serviceaccount', 'default', '-n', 'shop'])).exitCode === 0;
  await until('the ServiceAccount', hasAccount);

  const counts = { written: 0, dropped: 0, failed: 0 };
  const stop = new AbortController();
  const failures: string[] = [];
  const recorder = new EventRecorder({
    client,
    identity: 'outrider-0',
    log: pino({ level: 'debug' }, { write: (line: string) => failures.push(line) }),
    metrics: { countEvent: (result) => counts[result]++ },
    clock: systemClock,
    sleep: (ms, signal) => sleepByTimer(ms / 20, signal),
    signal: stop.signal,
  });
  t.teardown(() => stop.abort());
  const engine = engineOf(
    policyText('p', { profile, match }) +
      policyText('strict', {
        profile,
        prefer: 'Security',
        precedence: 1,
        match: { ...match, podSelector: { matchLabels: { strict: 'yes' } } },
      }),
  );
  const doors = await serveDoors(api, () => engine, recorder.record);
  t.teardown(() => doors.stop());
  const about = async (kind: string, name: string): Promise<readonly JsonObject[]> => {
    const { stdout } = await api.kubectl(['get', 'events.events.k8s.io', '-n', 'shop', '-o', 'json']);
    const items = listOf(objectOf(JSON.parse(stdout))?.['items']).filter(isObject);
    return items.filter((event) => {
      const regarding = objectOf(event['regarding']);
      const ours = event['reportingController'] === 'outrider.dev/webhook';
      return ours && regarding?.['kind'] === kind && regarding['name'] === name;
    });
  };
  await until('the webhooks', async () =>
    (await create(pod('dry', { spec: { hostNetwork: true } }), '-n', 'shop', '--dry-run=server')).includes(
      'host_network',
    ),
  );

  await t.test('E29: none on a dry run; on the Deployment, with a series', async (t) => {
    t.match(counts, { written: 0 });
    await create(deployment('web', 3, { hostNetwork: true }), '-n', 'shop');
    await until('a series of three', async () => {
      const [event] = await about('Deployment', 'web');
      return objectOf(event?.['series'])?.['count'] === 3;
    });
    const found = await about('Deployment', 'web');
    t.equal(found.length, 1);
    t.match(found[0], {
      reason: 'host_network',
      action: 'Skip',
      type: 'Warning',
      note: /^a pod was not instrumented by policy p: spec\.hostNetwork is true\. Turn hostNetwork off/,
    });
    const live = objectIn(await api.kubectl(['get', 'deployment', 'web', '-n', 'shop', '-o', 'json']));
    t.equal(objectOf(found[0]?.['regarding'])?.['uid'], objectOf(live['metadata'])?.['uid']);
    const described = await api.kubectl(['describe', 'deployment', 'web', '-n', 'shop']);
    t.match(described.stdout, /Warning\s+host_network .*outrider\.dev\/webhook/, 'where a person looks');
  });

  await t.test('on the CronJob behind a Job, and on a pod of nobody’s', async (t) => {
    const job = { template: { spec: { ...objectOf(pod('x')['spec']), hostPID: true, restartPolicy: 'Never' } } };
    await create(
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'nightly' },
        spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job } },
      },
      '-n',
      'shop',
    );
    await api.kubectl(['create', 'job', 'now', '--from=cronjob/nightly', '-n', 'shop']);
    await until('an Event', async () => (await about('CronJob', 'nightly')).length === 1);
    t.equal(stringOf((await about('CronJob', 'nightly'))[0]?.['reason']), 'host_pid');
    await create(pod('alone', { spec: { hostPID: true } }), '-n', 'shop');
    await until('an Event', async () => (await about('Pod', 'alone')).length === 1);
    await create(pod('fine'), '-n', 'shop');
    t.same(await about('Pod', 'fine'), []);
  });

  await t.test('on what is denied, for a pod that never comes to be', async (t) => {
    const strict = deployment('bank', 1, { hostNetwork: true });
    const labels = { app: 'bank', strict: 'yes' };
    const spec = objectOf(strict['spec']);
    const template = { ...objectOf(spec?.['template']), metadata: { labels } };
    await create({ ...strict, spec: { ...spec, template } }, '-n', 'shop');
    await until('a denial', async () => (await about('Deployment', 'bank')).some(({ action }) => action === 'Deny'));
    t.equal((await about('Deployment', 'bank')).length, 1, 'and said once');
    t.match(
      (await about('Deployment', 'bank')).find(({ action }) => action === 'Deny'),
      { reason: 'host_network', note: /^a pod was denied by policy strict/ },
    );
  });

  await t.test('F30: an owner that a pod’s author made up leads into no other namespace', async (t) => {
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'alice', labels: { on: 'yes' } } });
    const ready = async () => (await api.kubectl(['get', 'serviceaccount', 'default', '-n', 'alice'])).exitCode === 0;
    await until('the ServiceAccount', ready);
    await create(deployment('till', 0, { hostPID: true }), '-n', 'shop');
    const uidOfSet = async (): Promise<string | undefined> => {
      const { stdout } = await api.kubectl(['get', 'replicasets', '-n', 'shop', '-l', 'app=till', '-o', 'json']);
      const [set] = listOf(objectOf(JSON.parse(stdout))?.['items']).filter(isObject);
      return stringOf(objectOf(set?.['metadata'])?.['uid']);
    };
    await until('the ReplicaSet', async () => (await uidOfSet()) !== undefined);
    const forged = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'mine', uid: await uidOfSet(), controller: true };
    const mine = pod('forged', { spec: { hostPID: true } });
    const metadata = { ...objectOf(mine['metadata']), ownerReferences: [forged] };
    t.match(await create({ ...mine, metadata }, '-n', 'alice'), /^0 /);
    const ofAlice = async (): Promise<readonly JsonObject[]> => {
      const { stdout } = await api.kubectl(['get', 'events.events.k8s.io', '-n', 'alice', '-o', 'json']);
      const items = listOf(objectOf(JSON.parse(stdout))?.['items']).filter(isObject);
      return items.filter((event) => event['reportingController'] === 'outrider.dev/webhook');
    };
    await until('the forger’s own', async () => (await ofAlice()).length === 1);
    await api.kubectl(['scale', 'deployment', 'till', '-n', 'shop', '--replicas=1']);
    await until('the victim’s', async () => (await about('Deployment', 'till')).length === 1);
    t.match(await ofAlice(), [{ regarding: { kind: 'ReplicaSet', name: 'mine', namespace: 'alice' } }]);
  });

  await recorder.close();
  t.match(counts, { dropped: 0, failed: 0 }, failures.join());
});
