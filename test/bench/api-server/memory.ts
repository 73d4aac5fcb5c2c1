import { median, rounded } from '../statistics.js';
import { createElsewhere } from '../scale/create-elsewhere.js';
import { startBenchCluster } from './cluster.js';
import { scenes, type Variant } from './variants.js';

/** The API server's resident memory after the pods were created. */
export interface MemoryRow {
  readonly variant: Variant;
  readonly megabytes: number;
  /** Of each round. */
  readonly each: readonly number[];
}

const compared: readonly Variant[] = [
  'nothing',
  'a webhook with a constant answer',
  'Security: our webhooks',
  'Security: the API server',
];

/** Measures an API server of its own for each variant and round: what one has taken it does not give back soon. */
export async function runMemory(
  options: { readonly pods: number; readonly rounds: number; readonly clients: number },
  tell: (line: string) => void,
): Promise<readonly MemoryRow[]> {
  const found = new Map<Variant, number[]>(compared.map((variant) => [variant, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const variant of compared) {
      const megabytes = await megabytesOf(variant, options);
      found.get(variant)?.push(megabytes);
      tell(`memory, round ${round + 1}, ${variant}: ${megabytes} MB`);
    }
  }
  return [...found].map(([variant, each]) => ({ variant, megabytes: median(each), each }));
}

async function megabytesOf(
  variant: Variant,
  { pods, clients }: { readonly pods: number; readonly clients: number },
): Promise<number> {
  const cluster = await startBenchCluster([variant]);
  try {
    const { namespace } = scenes[variant];
    const { reasons } = await createElsewhere({ kubeconfig: cluster.kubeconfig, namespace, pods, clients });
    if (reasons.length > 0) throw new Error(`${variant}: ${reasons.join('\n')}`);
    return rounded((await cluster.spent()).residentBytes / 1_048_576, 0);
  } finally {
    await cluster.stop();
  }
}
