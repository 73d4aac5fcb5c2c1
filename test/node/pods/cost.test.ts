import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { kubectlOutput, stateFolder } from '../support/kubectl.js';
import { createNamespace, type Namespace, until } from '../support/namespace.js';
import { idle, injectAll, pod, shell } from '../support/pods.js';
import type { PolicyOptions } from '../support/inject.js';

// What docs/performance.md says of a pod's start: measured side by side, printed; no time is held to anything.

t.setTimeout(900_000);

const rounds = 3;
const withoutWarmUp = 1;

const kinds: Readonly<Record<string, PolicyOptions | undefined>> = {
  bare: undefined,
  'Security, copied': { prefer: 'Security' },
  'Availability, copied': { prefer: 'Availability' },
  'Security, image volume': { prefer: 'Security', spec: { delivery: 'ImageVolume' } },
};

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
