import { median, percentile, rounded } from '../statistics.js';
import { createElsewhere } from '../scale/create-elsewhere.js';
import type { Creations } from '../scale/creations.js';
import { startBenchCluster, type BenchCluster, type Spent } from './cluster.js';
import { scenes, variants, withParts, type Variant } from './variants.js';

/** How much is created. */
export interface BenchOptions {
  /** In each variant and round, one after the other, and then as many at a time as there are clients. */
  readonly pods: number;
  readonly rounds: number;
  readonly clients: number;
}

/** The figures of one variant. */
export interface BenchRow {
  readonly variant: Variant;
  readonly created: number;
  /** What is wrong with its pods; empty when nothing is. */
  readonly faults: readonly string[];
  /** Of creations one after the other. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Above those of the variant with nothing: the median of the rounds' differences. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  /** Of creations at a time: the median of the rounds. */
  readonly perSecond: number;
  /** For a pod, of all creations. */
  readonly apiServerCpuMs: number;
  readonly ownCpuMs: number;
  readonly callsPerPod: number;
  /** How long a policy's check took on average, by the API server's own count. */
  readonly mutatingCheckMs: number | undefined;
  readonly validatingCheckMs: number | undefined;
}

/** One round of a variant. */
interface Round {
  readonly alone: Creations;
  readonly together: Creations;
  readonly before: Spent;
  readonly after: Spent;
}

/**
 * Creates pods in every variant, the variants in turn, so that neither a growing database nor a busy machine meets only one of
 * them. The pods are removed in between. Round 0 warms up and does not count.
 */
export async function runBench(options: BenchOptions, tell: (line: string) => void): Promise<readonly BenchRow[]> {
  const cluster = await startBenchCluster(variants);
  try {
    const rounds = new Map<Variant, Round[]>(variants.map((variant) => [variant, []]));
    for (let round = 0; round <= options.rounds; round++) {
      for (let turn = 0; turn < variants.length; turn++) {
        const variant = variants[(turn + round) % variants.length] ?? 'nothing';
        const one = await runRound(cluster, variant, options);
        if (round > 0) rounds.get(variant)?.push(one);
        tell(`round ${round}, ${variant}: p50 ${percentile(one.alone.latenciesMs, 0.5).toFixed(2)} ms`);
      }
    }
    return rowsOf(rounds);
  } finally {
    await cluster.stop();
  }
}

async function runRound(cluster: BenchCluster, variant: Variant, options: BenchOptions): Promise<Round> {
  const { kubeconfig, template } = cluster;
  const { namespace } = scenes[variant];
  const { pods } = options;
  const order = {
    kubeconfig,
    namespace,
    pods,
    ...(variant === withParts && template !== undefined ? { template } : {}),
  };
  const before = await cluster.spent();
  const alone = await createElsewhere({ ...order, clients: 1 });
  const afterAlone = await cluster.spent();
  await cluster.clear(namespace);
  const beforeTogether = await cluster.spent();
  const together = await createElsewhere({ ...order, clients: options.clients });
  const after = await cluster.spent();
  await cluster.clear(namespace);
  return { alone, together, before: plus(before, minus(beforeTogether, afterAlone)), after };
}

function minus(one: Spent, other: Spent): Spent {
  return combined(one, other, (a, b) => a - b);
}

function plus(one: Spent, other: Spent): Spent {
  return combined(one, other, (a, b) => a + b);
}

function combined(one: Spent, other: Spent, by: (a: number, b: number) => number): Spent {
  const checks = (kind: 'mutating' | 'validating') => ({
    count: by(one[kind].count, other[kind].count),
    seconds: by(one[kind].seconds, other[kind].seconds),
  });
  return {
    cpuSeconds: by(one.cpuSeconds, other.cpuSeconds),
    residentBytes: one.residentBytes,
    ownCpuSeconds: by(one.ownCpuSeconds, other.ownCpuSeconds),
    calls: by(one.calls, other.calls),
    mutating: checks('mutating'),
    validating: checks('validating'),
  };
}

function rowsOf(rounds: ReadonlyMap<Variant, readonly Round[]>): readonly BenchRow[] {
  const bare = rounds.get('nothing') ?? [];
  return [...rounds].map(([variant, all]) => {
    const at = (one: Round | undefined, share: number): number => percentile(one?.alone.latenciesMs ?? [], share);
    const ofAll = (share: number): number =>
      rounded(
        percentile(
          all.flatMap(({ alone }) => alone.latenciesMs),
          share,
        ),
        2,
      );
    const added = (share: number): number =>
      rounded(median(all.map((one, round) => at(one, share) - at(bare[round], share))), 2);
    const created = all.flatMap(({ alone, together }) => [...alone.latenciesMs, ...together.latenciesMs]).length;
    const spent = all.map(({ before, after }) => minus(after, before)).reduce(plus);
    const perPod = (value: number, decimals: number): number => rounded(value / created, decimals);
    return {
      variant,
      created,
      faults: faultsOf(variant, all),
      p50Ms: ofAll(0.5),
      p99Ms: ofAll(0.99),
      addedP50Ms: added(0.5),
      addedP99Ms: added(0.99),
      perSecond: Math.round(median(all.map(({ together }) => together.latenciesMs.length / together.seconds))),
      apiServerCpuMs: perPod(spent.cpuSeconds * 1_000, 2),
      ownCpuMs: perPod(spent.ownCpuSeconds * 1_000, 2),
      callsPerPod: perPod(spent.calls, 2),
      mutatingCheckMs: meanMs(spent.mutating),
      validatingCheckMs: meanMs(spent.validating),
    };
  });
}

function meanMs({ count, seconds }: Spent['mutating']): number | undefined {
  return count === 0 ? undefined : rounded((seconds * 1_000) / count, 3);
}

/** What would make the figures those of something else. */
function faultsOf(variant: Variant, rounds: readonly Round[]): readonly string[] {
  const { prefer, byApiServer, calls } = scenes[variant];
  const creations = rounds.flatMap(({ alone, together }) => [alone, together]);
  const sum = (of: (one: Creations) => number): number => creations.reduce((total, one) => total + of(one), 0);
  const created = sum(({ latenciesMs }) => latenciesMs.length);
  const called = rounds.reduce((total, { before, after }) => total + after.calls - before.calls, 0);
  const instrumented = sum((one) => one.instrumented);
  const byItself = sum((one) => one.byApiServer);
  return [
    ...creations.flatMap(({ reasons }) => reasons),
    ...(prefer !== undefined && instrumented !== created ? [`${instrumented} of ${created} are instrumented`] : []),
    ...(byItself !== (byApiServer ? created : 0) ? [`${byItself} of ${created} by the API server`] : []),
    ...(called !== calls * created ? [`${called} calls of webhooks for ${created} pods`] : []),
  ];
}
