import t from 'tap';
import { isPlacedByNothing, podImageVolumes } from '../../src/doctor/pod-image-volumes.js';
import type { JsonObject } from '../../src/model/json.js';
import { nodeOf, setsOf } from './nodes.js';

const old = { runtime: 'containerd://1.7.27' };
const ssd = { labels: { disk: 'ssd' } };
const tainted = { taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] };
const onSsd = { nodeSelector: { disk: 'ssd' } };
const tolerant = { tolerations: [{ key: 'team', operator: 'Exists' }] };

const rows: readonly (readonly [
  what: string,
  nodes: readonly JsonObject[],
  spec: JsonObject,
  holds: boolean,
  because: RegExp,
])[] = [
  ['all of them can', [nodeOf('a'), nodeOf('b')], {}, true, /^each of the 2 nodes that can get it mounts/],
  ['one node', [nodeOf('a')], {}, true, /^the one node that can get it mounts/],
  [
    'one cannot',
    [nodeOf('a'), nodeOf('b', old)],
    {},
    false,
    /^node b \(containerd:\/\/1\.7\.27, .* can get it, is not known to mount/,
  ],
  ['one cannot, and the pod is kept off it', [nodeOf('a', ssd), nodeOf('b', old)], onSsd, true, /one node/],
  [
    'one cannot, and its taint keeps the pod off',
    [nodeOf('a'), nodeOf('b', { ...old, ...tainted })],
    {},
    true,
    /one node/,
  ],
  ['unless it is tolerated', [nodeOf('a'), nodeOf('b', { ...old, ...tainted })], tolerant, false, /^node b/],
  ['an older kubelet', [nodeOf('a', { kubelet: 'v1.34.2' })], {}, false, /kubelet v1\.34\.2/],
  ['another runtime', [nodeOf('a', { runtime: 'cri-o://1.36.0' })], {}, false, /cri-o/],
  ['a runtime that nobody knows', [nodeOf('a', { runtime: '' })], {}, false, /no runtime told/],
  ['no node', [], {}, false, /^no node that is known can get it yet$/],
  ['no node matches yet', [nodeOf('a')], onSsd, false, /^no node that is known can get it yet$/],
  ['a pool', [nodeOf('a', { labels: { 'karpenter.sh/nodepool': 'x' } })], {}, false, /may grow by itself \(karpenter/],
  ['a pool beside', [nodeOf('a', ssd), nodeOf('p', { labels: { agentpool: 'x' } })], onSsd, true, /one node/],
  ['GKE Autopilot', [nodeOf('gk3-a', { labels: { 'cloud.google.com/gke-nodepool': 'p' } })], {}, false, /gke-nodepool/],
  [
    'EKS Fargate beside',
    [nodeOf('a'), nodeOf('f', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } })],
    {},
    false,
    /Fargate/,
  ],
  ['a virtual node beside', [nodeOf('a'), nodeOf('v', { labels: { type: 'virtual-kubelet' } })], {}, false, /^node v/],
  [
    'a virtual node that is tainted',
    [
      nodeOf('a'),
      nodeOf('v', {
        labels: { type: 'virtual-kubelet' },
        taints: [{ key: 'virtual-kubelet.io/provider', effect: 'NoSchedule' }],
      }),
    ],
    {},
    true,
    /one node/,
  ],
  ['a RuntimeClass', [nodeOf('a')], { runtimeClassName: 'kata' }, false, /runtime class kata/],
  ['a user namespace', [nodeOf('a')], { hostUsers: false }, false, /user namespace/],
  ['a Fargate pod', [nodeOf('a')], { schedulerName: 'fargate-scheduler' }, false, /Fargate/],
  ['on a host', [nodeOf('a'), nodeOf('b', old)], { nodeSelector: { 'kubernetes.io/hostname': 'a' } }, true, /./],
];

for (const [what, nodes, spec, holds, because] of rows) {
  t.test(`E38: ${what}: ${holds ? 'ImageVolume' : 'Copy'}`, (t) => {
    const answer = podImageVolumes(spec, setsOf(nodes));
    t.equal(answer.holds, holds, answer.because);
    t.match(answer.because, because);
    t.end();
  });
}

t.test('E38: nodes that cannot be told apart get copies', (t) => {
  const nodes = Array.from({ length: 300 }, (_, at) =>
    nodeOf(`n-${at}`, { taints: [{ key: 'team', value: String(at), effect: 'NoSchedule' }] }),
  );
  t.match(podImageVolumes(tolerant, setsOf(nodes)), { holds: false, because: /too unlike/ });
  t.end();
});

t.test('E38: a pod that says very much about its node gets a copy, and takes no longer than others', (t) => {
  const nodes = setsOf([nodeOf('a', ssd), nodeOf('b')]);
  const many = Array.from({ length: 1_001 }, (_, index) => `v${index}`);
  const affinity = (terms: readonly JsonObject[]): JsonObject => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
  });
  const specs: Readonly<Record<string, JsonObject>> = {
    values: affinity([{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd', ...many] }] }]),
    terms: affinity(many.map((value) => ({ matchExpressions: [{ key: 'disk', operator: 'NotIn', values: [value] }] }))),
    names: affinity([{ matchFields: [{ key: 'metadata.name', operator: 'In', values: many }] }]),
    tolerations: { tolerations: many.map((key) => ({ key, operator: 'Exists' })) },
    selector: { nodeSelector: Object.fromEntries(many.map((key) => [key, ''])) },
  };
  for (const [what, spec] of Object.entries(specs)) {
    t.match(podImageVolumes(spec, nodes), { holds: false, because: /more about its node/ }, what);
  }
  const some = affinity([
    { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd', ...many.slice(0, 900)] }] },
  ]);
  t.ok(podImageVolumes(some, nodes).holds);
  t.end();
});

t.test('E38: what decides about a pod’s node is told from what does not', (t) => {
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 };
  for (const spec of [
    {},
    { tolerations: [own] },
    { nodeSelector: {}, nodeName: '', affinity: { podAntiAffinity: {} }, schedulerName: 'default-scheduler' },
  ]) {
    t.ok(isPlacedByNothing(spec), JSON.stringify(spec));
  }
  for (const spec of [
    onSsd,
    tolerant,
    { tolerations: [own, { operator: 'Exists' }] },
    { nodeName: 'a' },
    { affinity: { nodeAffinity: {} } },
    { runtimeClassName: 'kata' },
    { hostUsers: false },
    { schedulerName: 'fargate-scheduler' },
  ]) {
    t.notOk(isPlacedByNothing(spec), JSON.stringify(spec));
  }
  t.end();
});
