import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { median, percentile, rounded } from '../statistics.js';
import { startScaleCluster, variants, type ScaleCluster, type Variant } from './cluster.js';
import type { Creations, Order } from './creations.js';

const worker = fileURLToPath(new URL('./create.js', import.meta.url));

/** How much is created. */
export interface ScaleOptions {
  /** In each variant, all rounds together. */
  readonly pods: number;
  readonly rounds: number;
  /** How many creations are asked for at a time. */
  readonly clients: number;
}

/** The figures of one variant. */
export interface ScaleRow {
  readonly variant: Variant;
  readonly created: number;
  readonly instrumented: number;
  readonly failures: number;
  readonly reasons: readonly string[];
  /** The median of the rounds. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Above the same figure without a webhook. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  /** Resident memory of each replica behind the last round of the variant. */
  readonly replicaMegabytes: readonly number[];
}

const creationsSchema = z.object({
  seconds: z.number(),
  latenciesMs: z.array(z.number()),
  instrumented: z.number(),
  failures: z.number(),
  reasons: z.array(z.string()),
});

/**
 * Creates the pods of every variant: in each round a part of them, the variants by turns, so that neither a growing
 * database nor a busy machine meets only one of them. The pods are removed in between.
 */
export async function runScale(options: ScaleOptions, tell: (line: string) => void): Promise<readonly ScaleRow[]> {
  const cluster = await startScaleCluster();
  try {
    const results = new Map<Variant, Creations[]>(variants.map((variant) => [variant, []]));
    const memory = new Map<Variant, readonly number[]>();
    const each = Math.ceil(options.pods / options.rounds);
    for (let round = -1; round < options.rounds; round++) {
      for (let turn = 0; turn < variants.length; turn++) {
        const variant = variants[(turn + round + 1) % variants.length] ?? 'no webhook';
        const namespace = cluster.use(variant);
        const pods = round < 0 ? Math.min(each, 200) : each;
        const { kubeconfig } = cluster;
        const creations = await createElsewhere({ kubeconfig, namespace, pods, clients: options.clients });
        await cluster.clear(namespace);
        if (round < 0) continue;
        results.get(variant)?.push(creations);
        memory.set(variant, variant.startsWith('Outrider') ? await megabytes(cluster) : []);
        const { latenciesMs, seconds, failures } = creations;
        tell(
          `round ${round + 1}, ${variant}: ${latenciesMs.length} pods in ${seconds.toFixed(1)} s, ${failures} failures`,
        );
      }
    }
    return rowsOf(results, memory);
  } finally {
    await cluster.stop();
  }
}

/** In a process of its own, which does nothing else. */
async function createElsewhere(order: Order): Promise<Creations> {
  const child = fork(worker, { stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the creator ended with ${String(code)}`)),
  );
  const answer = once(child, 'message');
  child.send(order);
  const message: unknown = await Promise.race([answer, ended]);
  ended.catch(() => undefined);
  return z.tuple([creationsSchema]).rest(z.unknown()).parse(message)[0];
}

async function megabytes({ replicas }: ScaleCluster): Promise<readonly number[]> {
  const bytes = await Promise.all(replicas.map((replica) => replica.metric('process_resident_memory_bytes')));
  return bytes.map((value) => Math.round((value ?? NaN) / 1024 / 1024));
}

function rowsOf(
  results: ReadonlyMap<Variant, readonly Creations[]>,
  memory: ReadonlyMap<Variant, readonly number[]>,
): readonly ScaleRow[] {
  const latenciesOf = (variant: Variant): readonly number[] =>
    (results.get(variant) ?? []).flatMap(({ latenciesMs }) => latenciesMs);
  const bare = latenciesOf('no webhook');
  return variants.map((variant) => {
    const rounds = results.get(variant) ?? [];
    const latenciesMs = latenciesOf(variant);
    const at = (share: number): number => rounded(percentile(latenciesMs, share), 2);
    const added = (share: number): number => rounded(percentile(latenciesMs, share) - percentile(bare, share), 2);
    return {
      variant,
      created: latenciesMs.length,
      instrumented: rounds.reduce((sum, { instrumented }) => sum + instrumented, 0),
      failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
      reasons: [...new Set(rounds.flatMap(({ reasons }) => reasons))],
      perSecond: Math.round(median(rounds.map((round) => round.latenciesMs.length / round.seconds))),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      addedP50Ms: added(0.5),
      addedP99Ms: added(0.99),
      replicaMegabytes: memory.get(variant) ?? [],
    };
  });
}
