import t from 'tap';
import { namedWorkloads } from '../../../src/cluster/live/workload-kinds.js';
import { readRunningPods } from '../../../src/cluster/live/read-running-pods.js';
import { refused } from '../../../src/cluster/live/refusal.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { OutriderError } from '../../../src/model/error.js';
import { storedObjects } from '../stored-objects.js';

t.test('kinds go by every name that kubectl knows, in capitals or not, with their group or without', (t) => {
  const words = ['po', 'pods', 'Pod', 'deploy', 'deployments', 'Deployment.apps', 'deployments.v1.apps', 'sts', 'ds'];
  const more = ['job', 'jobs.batch', 'cj', 'cronjob', 'CronJobs', 'rs', 'replicaset', 'rc', 'replicationcontrollers'];
  const kinds = [...words, ...more].map((word) => namedWorkloads([`${word}/x`])[0]?.resource.kind);
  t.same(kinds, [
    ...['Pod', 'Pod', 'Pod', 'Deployment', 'Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet'],
    ...['Job', 'Job', 'CronJob', 'CronJob', 'CronJob', 'ReplicaSet', 'ReplicaSet'],
    ...['ReplicationController', 'ReplicationController'],
  ]);
  const named = (...given: readonly string[]) =>
    namedWorkloads(given).map(({ resource, name }) => `${resource.kind} ${name}`);
  t.same(named('deploy/a', 'job/b', 'deployment/a'), ['Deployment a', 'Job b'], 'twice is once');
  t.same(named('deploy', 'a', 'b'), ['Deployment a', 'Deployment b']);
  t.same(named(), []);
  t.end();
});

t.test('W21: kinds of extensions go by their short names and groups, and never take Kubernetes’ own', (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['rollout', 'argoproj.io/v1alpha1/rollouts'],
    ['ro', 'argoproj.io/v1alpha1/rollouts'],
    ['ksvc', 'serving.knative.dev/v1/services'],
    ['services.serving.knative.dev', 'serving.knative.dev/v1/services'],
    ['dc', 'apps.openshift.io/v1/deploymentconfigs'],
    ['vcjob', 'batch.volcano.sh/v1alpha1/jobs'],
    ['Job.batch.volcano.sh', 'batch.volcano.sh/v1alpha1/jobs'],
    ['job', 'batch/v1/jobs'],
    ['jobs', 'batch/v1/jobs'],
    ['jobset', 'jobset.x-k8s.io/v1alpha2/jobsets'],
    ['lws', 'leaderworkerset.x-k8s.io/v1/leaderworkersets'],
    ['sj', 'keda.sh/v1alpha1/scaledjobs'],
  ];
  for (const [word, wanted] of table) {
    const [named] = namedWorkloads([`${word}/x`]);
    const { group = '', version = '', plural = '' } = named?.resource ?? {};
    t.equal([group, version, plural].join('/'), wanted, word);
  }
  t.equal(namedWorkloads(['job/x', 'vcjob/x']).length, 2, 'two objects, though their kind and name are the same');
  for (const word of ['service', 'services', 'template']) {
    t.throws(() => namedWorkloads([`${word}/x`]), { code: 'usage', message: /is no kind that is a pod/ }, word);
  }
  for (const word of ['wf', 'workflow', 'cwf', 'workflows.argoproj.io']) {
    t.throws(() => namedWorkloads([`${word}/x`]), { code: 'usage', message: /holds containers, not pods/ }, word);
  }
  t.end();
});

t.test('what is no object says what to write', (t) => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['deploy'], 'deploy is a kind without a name; write deploy/NAME.'],
    [['web.yaml'], '-f web.yaml for a file'],
    [['./web.yaml'], 'A file is given with -f, a namespace with -n.'],
    [['deploy', 'job/x'], 'write KIND/NAME for each object, or one kind and then names'],
    [['deploy/a', 'web'], 'web is not of the form KIND/NAME'],
    [['deploy/a/b'], 'is not of the form KIND/NAME'],
    [['deploy/'], 'is not of the form KIND/NAME'],
    [['deployment.batch/a'], 'deployment.batch is no kind that is a pod'],
    [['statefullset/a'], 'Did you mean statefulset?'],
  ];
  for (const [words, text] of wrong) {
    t.throws(() => namedWorkloads(words), { code: 'usage', message: containing(text) });
  }
  t.end();
});

t.test('a workload’s pods are asked for by its selector, and none without one', async (t) => {
  const { client } = storedObjects();
  const asked: unknown[] = [];
  const pods = [
    { metadata: { name: 'a' }, status: { phase: 'Running' } },
    { metadata: { name: 'b', deletionTimestamp: 'x' } },
    { metadata: { name: 'c' }, status: { phase: 'Succeeded' } },
  ];
  const spy = {
    ...client,
    get: (path: string, options: unknown) => {
      asked.push([path, options]);
      return Promise.resolve({ items: pods });
    },
  };
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'env', operator: 'NotIn', values: ['dev'] },
    { key: 'on', operator: 'Exists' },
    { key: 'off', operator: 'DoesNotExist' },
  ];
  const selector = { matchLabels: { app: 'web' }, matchExpressions };
  t.same(await readRunningPods(spy, { spec: { selector } }, 'shop'), pods.slice(0, 1));
  const labelSelector = 'app=web,tier in (a,b),env notin (dev),on,!off';
  t.same(asked, [['/api/v1/namespaces/shop/pods', { query: { labelSelector, limit: 100 } }]]);
  t.same(await readRunningPods(spy, { spec: { selector: { app: 'rc' } } }, 'shop'), pods.slice(0, 1));
  t.equal(await readRunningPods(spy, { spec: {} }, 'shop'), undefined);
  const odd = { matchExpressions: [{ key: 'a', operator: 'Like' }] };
  t.equal(await readRunningPods(spy, { spec: { selector: odd } }, 'shop'), undefined);
  const failing = { ...client, get: () => Promise.reject(new ApiError('no', { status: 403, reason: 'Forbidden' })) };
  t.equal(await readRunningPods(failing, { spec: { selector } }, 'shop'), undefined);
});

t.test('refusals, each with what helps', (t) => {
  const said = (status: number): string => {
    const error = refused(new ApiError('GET /x: why', { status, reason: 'X' }), 'https://api', 'pods', 'ask for it');
    return error instanceof OutriderError ? `${error.code}: ${error.message}` : 'another';
  };
  t.equal(said(401), 'cluster_unavailable: https://api does not know the kubeconfig’s user (401); log in again.');
  t.equal(said(403), 'cluster_unavailable: https://api forbids its user to read pods (403); ask for it.');
  t.match(said(0), 'https://api does not answer: why; check the network and the kubeconfig.');
  t.match(said(503), 'https://api answers 503 when asked for pods: why; try again later.');
  const other = new Error('x');
  t.equal(refused(other, '', '', ''), other);
  t.end();
});

function containing(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.?/]/g, '\\$&'));
}
