import t from 'tap';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { agent } from './instrumented.js';
import { objectIn } from './kubectl.js';
import { addNode, minorOf } from './node.js';
import { accessKey, labelled, namespace, policy } from './objects.js';
import { pod, type PodOptions } from './pods.js';

// A cluster of unlike nodes: each is an object alone, and nothing runs on it. What pods get is decided by what the API
// server says about nodes.

t.setTimeout(900_000);

const able = '2.4.2';
const old = '1.7.27';
const team = (value: string): JsonObject => ({ key: 'team', value, effect: 'NoSchedule' });

const secure = { tier: 'secure' };
const strict = { prefer: 'Security', optOut: 'Forbidden', precedence: 100 };
const here = await install();
t.teardown(() => here.stop());
const isNew = (await minorOf(here.api)) >= 36;

// Besides the installation's own, node-1, whose containerd is older than 2.2.
await addNode(here.api, 'fast-1', { runtime: able, labels: { role: 'fast' } });
await addNode(here.api, 'fast-2', { runtime: able, labels: { role: 'fast' } });
await addNode(here.api, 'fast-old', { runtime: old, labels: { role: 'fast' }, taints: [team('a')] });
await addNode(here.api, 'bought', { runtime: able, labels: { role: 'bought', 'karpenter.sh/nodepool': 'spot' } });
await here.addReplica('one');
await here.addReplica('two');
await here.apply([
  namespace('shop', labelled),
  namespace('payments', secure),
  namespace('debugged', { tier: 'debugged' }),
  accessKey('shop'),
  accessKey('payments'),
  accessKey('debugged'),
  policy('default', labelled),
  policy('payments', secure, { ...strict, sessions: { debug: 'Record' } }),
  policy('debugged', { tier: 'debugged' }, strict),
]);
await here.api.kubectl(['wait', '--for=condition=InForce', 'ipol', '--all', '--timeout=60s']);

/** The source of the agent's files in a pod. */
function deliveryOf({ spec }: JsonObject): string {
  const volume = listOf(objectOf(spec)?.['volumes'])
    .map(objectOf)
    .find((one) => one?.['name'] === agent);
  return volume?.['image'] !== undefined ? 'ImageVolume' : volume?.['emptyDir'] !== undefined ? 'Copy' : 'none';
}

/** How a pod is created, and how its files come. @throws when it is refused */
async function created(
  inNamespace: string,
  name: string,
  spec: JsonObject,
  ...flags: readonly string[]
): Promise<string> {
  return deliveryOf(objectIn(await here.create(inNamespace, pod(name, { spec }), ...flags)));
}

const required = (term: JsonObject): JsonObject => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
});
const fast = { nodeSelector: { role: 'fast' } };
const tolerant = { tolerations: [{ key: 'team', operator: 'Exists' }] };

const rows: readonly (readonly [name: string, spec: Required<PodOptions>['spec'], delivery: string])[] = [
  ['anywhere', {}, 'Copy'],
  ['fast', fast, 'ImageVolume'],
  ['fast-and-tolerant', { ...fast, ...tolerant }, 'Copy'],
  ['bound', { nodeName: 'fast-1' }, 'ImageVolume'],
  ['bound-to-the-old', { nodeName: 'fast-old' }, 'Copy'],
  [
    'as-a-daemon',
    required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['fast-2'] }] }),
    'ImageVolume',
  ],
  [
    'not-the-old',
    required({ matchExpressions: [{ key: 'role', operator: 'In', values: ['fast', 'faster'] }] }),
    'ImageVolume',
  ],
  ['bought', { nodeSelector: { role: 'bought' } }, 'Copy'],
  ['nowhere-yet', { nodeSelector: { role: 'gpu' } }, 'Copy'],
];

t.test('E38: a pod gets its delivery by the nodes that can get it, and both doors agree', async (t) => {
  for (const inNamespace of ['shop', 'payments']) {
    for (const [name, spec, delivery] of rows) {
      const wanted = isNew ? delivery : 'Copy';
      t.equal(await created(inNamespace, name, spec), wanted, `${inNamespace}/${name}: ${wanted}`);
    }
  }
});

t.test('a strict policy that has debug sessions traced copies everywhere', async (t) => {
  t.equal(await created('debugged', 'fast', fast), 'Copy');
});

if (!isNew) t.comment('an API server older than 1.36: image volumes can be switched off, so that nobody gets one');
else {
  t.test('E38: explain says which delivery it is, and why', async (t) => {
    const explained = async (name: string): Promise<string> =>
      (await outrider(here.api.kubeconfig, 'explain', `pod/${name}`, '-n', 'payments')).stdout;
    t.match(await explained('fast'), /· delivery +ImageVolume: the pod has it\n/);
    t.match(await explained('anywhere'), /· delivery +Copy: the pod has it\n/);
    await here.apply([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { ...objectOf(pod('web')['spec']), ...fast } },
        },
      },
    ]);
    const { stdout } = await outrider(here.api.kubeconfig, 'explain', 'deploy/web', '-n', 'shop');
    t.match(stdout, /· delivery +ImageVolume: each of the 2 nodes that can get it mounts image volumes rightly\n/);
  });

  t.test('E38: a node joins: later pods get the other delivery, and those that are there stay whole', async (t) => {
    const before = objectIn(await here.create('payments', pod('restored', { spec: fast })));
    t.equal(deliveryOf(before), 'ImageVolume');
    await addNode(here.api, 'late', { runtime: old, labels: { role: 'fast' } });
    let tried = 0;
    const beganMs = performance.now();
    await until(
      'another delivery',
      async () => {
        tried += 1;
        // Of each replica.
        const name = `later-${tried}`;
        const found = [
          await created('payments', `${name}-a`, fast, '--dry-run=server'),
          await created('payments', `${name}-b`, fast, '--dry-run=server'),
          await created('payments', `${name}-c`, fast, '--dry-run=server'),
        ];
        return found.every((one) => one === 'Copy');
      },
      undefined,
      90_000,
    );
    t.comment(`noticed after ${Math.round((performance.now() - beganMs) / 1000)} s`);
    // As a backup brings it back, or a controller that copies pods: whole as it is.
    const { metadata, spec } = before;
    const { labels, annotations } = objectOf(metadata) ?? {};
    const again = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'again', labels, annotations }, spec };
    t.equal(deliveryOf(objectIn(await here.create('payments', again))), 'ImageVolume', 'let in by both doors');
    const table = await outrider(here.api.kubeconfig, 'coverage', '-o', 'json');
    t.notMatch(table.stdout, /"(?:stale|forged)": ?[1-9]/, table.stderr);
  });
}
