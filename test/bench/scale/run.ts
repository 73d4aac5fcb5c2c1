import { median, percentile, rounded } from '../statistics.js';
import { startScaleCluster, variants, type ScaleCluster, type Variant } from './cluster.js';
import { createElsewhere } from './create-elsewhere.js';
import type { Creations } from './creations.js';

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
  /** Of mutating webhooks, by the API server's own count. */
  readonly callsPerPod: number;
  /** How long the API server waited for them, for a pod. */
  readonly waitedMs: number;
  /** How long the replicas were at it themselves, from a review's last byte to the answer. */
  readonly workedMs: number;
  /** Resident memory of each replica after the last round of the variant. */
  readonly replicaMegabytes: readonly number[];
}

/** What creations cost in webhooks, in sum. */
interface Spent {
  readonly calls: number;
  readonly seconds: number;
  readonly workedSeconds: number;
}

/**
 * Creates the pods of every variant: in each round a part of them, the variants in turn, so that neither a growing
 * database nor a busy machine meets only one of them. The pods are removed in between.
 */
export async function runScale(options: ScaleOptions, tell: (line: string) => void): Promise<readonly ScaleRow[]> {
  const cluster = await startScaleCluster();
  try {
    const results = new Map<Variant, Creations[]>(variants.map((variant) => [variant, []]));
    const spent = new Map<Variant, Spent[]>(variants.map((variant) => [variant, []]));
    const memory = new Map<Variant, readonly number[]>();
    const each = Math.ceil(options.pods / options.rounds);
    for (let round = -1; round < options.rounds; round++) {
      for (let turn = 0; turn < variants.length; turn++) {
        const variant = variants[(turn + round + 1) % variants.length] ?? 'no webhook';
        const namespace = cluster.use(variant);
        const pods = round < 0 ? Math.min(each, 200) : each;
        const { kubeconfig } = cluster;
        const before = await spentIn(cluster);
        const creations = await createElsewhere({ kubeconfig, namespace, pods, clients: options.clients });
        const after = await spentIn(cluster);
        await cluster.clear(namespace);
        if (round < 0) continue;
        results.get(variant)?.push(creations);
        spent.get(variant)?.push(without(after, before));
        memory.set(variant, variant.startsWith('Outrider') ? await megabytes(cluster) : []);
        const { latenciesMs, seconds, failures } = creations;
        tell(
          `round ${round + 1}, ${variant}: ${latenciesMs.length} pods in ${seconds.toFixed(1)} s, ${failures} failures`,
        );
      }
    }
    return rowsOf(results, spent, memory);
  } finally {
    await cluster.stop();
  }
}

async function spentIn(cluster: ScaleCluster): Promise<Spent> {
  const [{ calls, seconds }, workedSeconds] = await Promise.all([cluster.calls(), cluster.workedSeconds()]);
  return { calls, seconds, workedSeconds };
}

function without(after: Spent, before: Spent): Spent {
  return {
    calls: after.calls - before.calls,
    seconds: after.seconds - before.seconds,
    workedSeconds: after.workedSeconds - before.workedSeconds,
  };
}

async function megabytes({ replicas }: ScaleCluster): Promise<readonly number[]> {
  const bytes = await Promise.all(replicas.map((replica) => replica.metric('process_resident_memory_bytes')));
  return bytes.map((value) => Math.round((value ?? NaN) / 1024 / 1024));
}

function rowsOf(
  results: ReadonlyMap<Variant, readonly Creations[]>,
  spent: ReadonlyMap<Variant, readonly Spent[]>,
  memory: ReadonlyMap<Variant, readonly number[]>,
): readonly ScaleRow[] {
  const latenciesOf = (variant: Variant): readonly number[] =>
    (results.get(variant) ?? []).flatMap(({ latenciesMs }) => latenciesMs);
  const bare = latenciesOf('no webhook');
  return variants.map((variant) => {
    const rounds = results.get(variant) ?? [];
    const latenciesMs = latenciesOf(variant);
    const perPod = (of: (one: Spent) => number): number =>
      rounded((spent.get(variant) ?? []).reduce((sum, one) => sum + of(one), 0) / latenciesMs.length, 2);
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
      callsPerPod: perPod(({ calls }) => calls),
      waitedMs: perPod(({ seconds }) => seconds * 1_000),
      workedMs: perPod(({ workedSeconds }) => workedSeconds * 1_000),
      replicaMegabytes: memory.get(variant) ?? [],
    };
  });
}
