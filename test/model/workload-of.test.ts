import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { controllerIn, workloadOf } from '../../src/model/workload-of.js';

function owned(kind: string, name: string, labels: JsonObject = {}, apiVersion = 'apps/v1'): JsonObject {
  const other = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: '1' };
  return { labels, ownerReferences: [other, { apiVersion, kind, name, uid: '2', controller: true }] };
}

t.test('a ReplicaSet’s pod belongs to the Deployment whose hash its name ends with', (t) => {
  const labels = { 'pod-template-hash': '5d8f7c9b6' };
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8f7c9b6', labels)), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web',
  });
  const rollout = { 'rollouts-pod-template-hash': '7d9' };
  t.same(workloadOf(owned('ReplicaSet', 'web-a-7d9', rollout)), {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    name: 'web-a',
  });
  t.end();
});

t.test('a ReplicaSet by itself is the workload', (t) => {
  const itself = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d8' };
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8')), itself);
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8', { 'pod-template-hash': '' })), itself);
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8', { 'pod-template-hash': 'other' })), itself);
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8', { 'pod-template-hash': 'web-5d8' })), itself);
  t.same(workloadOf(owned('ReplicaSet', 'web-5d8', { 'pod-template-hash': '5d8' }, 'example.com/v1')), {
    ...itself,
    apiVersion: 'example.com/v1',
  });
  t.end();
});

t.test('any other controller is the workload, and a pod without one is its own', (t) => {
  t.same(workloadOf(owned('StatefulSet', 'db')), { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' });
  t.same(controllerIn(owned('StatefulSet', 'db'))?.uid, '2');
  t.same(workloadOf({ name: 'bare' }), { apiVersion: 'v1', kind: 'Pod', name: 'bare' });
  t.equal(workloadOf({ generateName: 'bare-' }), undefined);
  t.end();
});

t.test('owners that could not exist are no controllers', (t) => {
  for (const ownerReferences of ['x', [null], [{ controller: true }], owned('Job', '../secrets')['ownerReferences']]) {
    t.same(workloadOf({ name: 'bare', ownerReferences }), { apiVersion: 'v1', kind: 'Pod', name: 'bare' });
  }
  t.end();
});
