import t from 'tap';
import { controlledPod, type Maker } from '../../../src/cluster/dry-run/controlled-pod.js';
import { workloadOf } from '../../../src/model/workload-of.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';

const template: JsonObject = {
  metadata: { labels: { app: 'web' }, annotations: { note: 'x' }, creationTimestamp: null, name: 'ignored' },
  spec: { serviceAccountName: 'web', containers: [{ name: 'app', image: 'acme/app:1' }] },
};
const madeUp = { uid: '11111111-2222-3333-4444-555555555555', number: 7 };

function made(apiVersion: string, kind: string, object: JsonObject = {}, pod: JsonObject = template): JsonObject {
  const maker: Maker = { apiVersion, kind, name: 'web', object };
  return controlledPod(pod, maker, madeUp);
}

const owner = (apiVersion: string, kind: string, name: string): JsonObject => ({
  apiVersion,
  kind,
  name,
  uid: madeUp.uid,
  controller: true,
  blockOwnerDeletion: false,
});

t.test('a Deployment’s pod, by way of a ReplicaSet that it cannot have', (t) => {
  t.strictSame(made('apps/v1', 'Deployment'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      labels: { app: 'web', 'pod-template-hash': 'preflight' },
      annotations: { note: 'x' },
      generateName: 'web-preflight-',
      ownerReferences: [owner('apps/v1', 'ReplicaSet', 'web-preflight')],
    },
    spec: template['spec'],
  });
  t.end();
});

t.test('each kind’s pod counts with the workload that makes it', (t) => {
  for (const [apiVersion, kind] of [
    ['apps/v1', 'Deployment'],
    ['argoproj.io/v1alpha1', 'Rollout'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['apps/v1', 'ReplicaSet'],
    ['batch/v1', 'Job'],
    ['v1', 'ReplicationController'],
    ['batch.volcano.sh/v1alpha1', 'Job'],
  ] as const) {
    const metadata = objectOf(made(apiVersion, kind)['metadata']) ?? {};
    t.strictSame(workloadOf(metadata), { apiVersion, kind, name: 'web' });
  }
  const { metadata } = made('batch/v1', 'CronJob');
  t.match(metadata, { generateName: 'web-preflight-preflight-', labels: { 'job-name': 'web-preflight' } });
  t.end();
});

t.test('a StatefulSet’s pod has an ordinal that none has, and a volume for each claim template', (t) => {
  const set = {
    spec: { serviceName: 'db', volumeClaimTemplates: [{ metadata: { name: 'data' } }, { metadata: { name: 'log' } }] },
  };
  const spec = {
    containers: [],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'own', emptyDir: {} },
    ],
  };
  const pod = made('apps/v1', 'StatefulSet', set, { spec });
  t.match(pod, {
    metadata: { name: 'web-1000000007', labels: { 'apps.kubernetes.io/pod-index': '1000000007' } },
    spec: { hostname: 'web-1000000007', subdomain: 'db' },
  });
  t.strictSame(objectOf(pod['spec'])?.['volumes'], [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-web-1000000007' } },
    { name: 'log', persistentVolumeClaim: { claimName: 'log-web-1000000007' } },
    { name: 'own', emptyDir: {} },
  ]);
  t.notOk('volumes' in (objectOf(made('apps/v1', 'StatefulSet')['spec']) ?? {}), 'none without claims');
  t.end();
});

t.test('a DaemonSet’s pod tolerates what those do, behind what its template says', (t) => {
  const tolerations = [{ key: 'gpu', operator: 'Exists' }];
  const keysOf = (pod: JsonObject): readonly unknown[] => {
    const list = objectOf(pod['spec'])?.['tolerations'];
    return Array.isArray(list) ? list.map((one: unknown) => objectOf(one)?.['key']) : [];
  };
  const keys = keysOf(made('apps/v1', 'DaemonSet', {}, { spec: { containers: [], tolerations } }));
  t.equal(keys[0], 'gpu');
  t.ok(keys.includes('node.kubernetes.io/unschedulable'));
  t.notOk(keys.includes('node.kubernetes.io/network-unavailable'));
  const onHost = made('apps/v1', 'DaemonSet', {}, { spec: { containers: [], hostNetwork: true } });
  t.ok(keysOf(onHost).includes('node.kubernetes.io/network-unavailable'));
  t.end();
});

t.test('a bare pod loses what a running one got, and has no owner', (t) => {
  const running = {
    metadata: { uid: 'x', resourceVersion: '9', labels: { app: 'web' } },
    spec: { nodeName: 'node-1', ephemeralContainers: [{ name: 'debug' }], containers: [] },
    status: { phase: 'Running' },
  };
  t.strictSame(made('v1', 'Pod', {}, running), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { app: 'web' }, generateName: 'web-preflight-' },
    spec: { containers: [] },
  });
  t.end();
});

t.test('the template itself stays as it was', (t) => {
  const before = JSON.stringify(template);
  made('apps/v1', 'StatefulSet');
  made('batch/v1', 'Job');
  t.equal(JSON.stringify(template), before);
  t.end();
});
