import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { ClusterFactsReader } from '../../../src/cluster/facts/cluster-facts.js';
import { systemClock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { clientOf } from '../../e2e/cluster/in-cluster.js';
import { adminKubeconfig, kubectlOutput, stateFolder } from '../support/kubectl.js';
import { createNamespace, type Namespace, until } from '../support/namespace.js';
import { idle, injectAll, pod, shell } from '../support/pods.js';
import type { PolicyOptions } from '../support/inject.js';

// What docs/performance.md says about a pod's start: measured side by side, printed; no time is held to anything.

t.setTimeout(900_000);

// Five by hand, for figures: OUTRIDER_COST_ROUNDS=5.
const rounds = Number(process.env['OUTRIDER_COST_ROUNDS'] ?? 2);
const withoutWarmUp = 1;

/** What a policy that leaves the delivery open comes to is the nodes' to say. */
const kindsWith = (imageVolumes: boolean): Readonly<Record<string, PolicyOptions | undefined>> => ({
  bare: undefined,
  'Security, copied': { prefer: 'Security', spec: { delivery: 'Copy' } },
  'Availability, copied': { prefer: 'Availability', spec: { delivery: 'Copy' } },
  'Security, image volume': { prefer: 'Security', spec: { delivery: 'ImageVolume' } },
  'Availability, image volume': { prefer: 'Availability', spec: { delivery: 'ImageVolume' } },
  'Security, Auto': { prefer: 'Security', imageVolumes, spec: { sessions: { debug: 'Record' } } },
  'Availability, Auto': { prefer: 'Availability', imageVolumes },
});

/** What the webhook would know of the cluster's nodes. */
async function seenOnNodes(): Promise<{ readonly holds: boolean; readonly because: string }> {
  const client = clientOf(adminKubeconfig());
  const log = pino({ level: 'silent' });
  const facts = new ClusterFactsReader({ client, log, random: Math.random, sleep: sleepByTimer, clock: systemClock });
  await facts.refresh(AbortSignal.timeout(30_000));
  await client.close();
  return facts.podNodes.imageVolumes({});
}

interface Cost {
  readonly readyMs: number;
  readonly memoryBytes: number;
}

/** Milliseconds from the pod's creation until kubectl sees it Ready, and what the pod's cgroup holds then. */
async function costOf(here: Namespace, name: string, object: JsonObject): Promise<Cost> {
  const beganMs = performance.now();
  await here.create(object);
  await kubectlOutput(['wait', '--for=condition=Ready', `pod/${name}`, '-n', here.name, '--timeout=60s']);
  const readyMs = performance.now() - beganMs;
  const { uid } = await here.pod(name);
  const cost = { readyMs, memoryBytes: memoryOf(uid) };
  await kubectlOutput(['delete', 'pod', name, '-n', here.name, '--now']);
  return cost;
}

/** Anonymous memory of a pod's cgroup, its page cache left out; cgroup v1 and v2 lay it out differently. */
function memoryOf(uid: string): number {
  const cluster = basename(stateFolder());
  const roots = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].map((root) => join(root, cluster, 'kubepods'));
  const folders = roots.flatMap((root) =>
    ['besteffort', 'burstable', '.'].map((kind) => join(root, kind, `pod${uid}`)),
  );
  const folder = folders.find((candidate) => existsSync(join(candidate, 'memory.stat')));
  if (folder === undefined) throw new Error(`no cgroup of pod ${uid}`);
  const statistics = readFileSync(join(folder, 'memory.stat'), 'utf8');
  const value = /^total_rss (\d+)/m.exec(statistics)?.[1] ?? /^anon (\d+)/m.exec(statistics)?.[1];
  return Number(value);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

t.test('time to Ready and memory of an instrumented pod against a bare one', async (t) => {
  const here = await createNamespace(t, 'cost');
  const { holds, because } = await seenOnNodes();
  t.comment(`Auto: ${holds ? 'ImageVolume' : 'Copy'}: ${because}`);
  t.ok(holds, 'containerd 2.2 and Kubernetes 1.36 or newer, and no pool');
  const kinds = kindsWith(holds);
  const costs = new Map<string, Cost[]>();
  for (let round = 0; round < rounds + withoutWarmUp; round++) {
    for (const [index, [kind, policy]] of Object.entries(kinds).entries()) {
      const name = `cost-${index}-${round}`;
      const object = pod(name, shell(idle), { shareProcessNamespace: true });
      const cost = await costOf(here, name, policy === undefined ? object : await injectAll([object], policy));
      if (round >= withoutWarmUp) costs.set(kind, [...(costs.get(kind) ?? []), cost]);
    }
  }
  const medians = [...costs].map(([kind, list]) => ({
    kind,
    readyMs: Math.round(median(list.map(({ readyMs }) => readyMs))),
    memoryKiB: Math.round(median(list.map(({ memoryBytes }) => memoryBytes)) / 1024),
  }));
  for (const { kind, readyMs, memoryKiB } of medians) t.comment(`${kind}: Ready after ${readyMs} ms, ${memoryKiB} KiB`);
  const memoryOfKind = (wanted: string): number => medians.find(({ kind }) => kind === wanted)?.memoryKiB ?? NaN;
  t.ok(memoryOfKind('bare') > 0);
  t.ok(memoryOfKind('bare') < memoryOfKind('Security, copied'), 'an agent takes memory');
  await until(
    'the pods to be gone',
    async () => (await kubectlOutput(['get', 'pods', '-n', here.name, '-o', 'name'])) === '',
  );
});
