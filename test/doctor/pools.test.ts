import t from 'tap';
import { poolOf } from '../../src/doctor/pools.js';
import { nodeOf } from './nodes.js';

const pools = [
  'karpenter.sh/nodepool',
  'karpenter.sh/provisioner-name',
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'kops.k8s.io/instancegroup',
  'doks.digitalocean.com/node-pool-id',
  'lke.linode.com/pool-id',
  'ibm-cloud.kubernetes.io/worker-pool-name',
  'worker.gardener.cloud/pool',
  'hcloud/node-group',
  'node.example/nodepool',
];
const none = [
  'kubernetes.io/hostname',
  'node-role.kubernetes.io/control-plane',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'k3s.io/hostname',
  'team/carpool-lane',
  'spool',
];

t.test('E38: nodes of a pool, which may grow by itself, are known by a label', (t) => {
  for (const label of pools) t.equal(poolOf(nodeOf('a', { labels: { [label]: 'x' } })), label);
  for (const label of none) t.equal(poolOf(nodeOf('a', { labels: { [label]: 'x' } })), undefined, label);
  t.end();
});

t.test('E38: or by an annotation, or the cluster autoscaler’s taint', (t) => {
  for (const name of [
    'cluster.x-k8s.io/machine',
    'machine.openshift.io/machine',
    'cluster-autoscaler.kubernetes.io/scale-down-disabled',
  ]) {
    t.equal(poolOf(nodeOf('a', { annotations: { [name]: 'x' } })), name);
  }
  for (const key of ['ToBeDeletedByClusterAutoscaler', 'DeletionCandidateOfClusterAutoscaler']) {
    t.equal(poolOf(nodeOf('a', { taints: [{ key, effect: 'NoSchedule' }] })), key);
  }
  t.equal(poolOf({}), undefined);
  t.equal(poolOf({ metadata: null, spec: { taints: [null, { key: 1 }] } }), undefined);
  t.end();
});
