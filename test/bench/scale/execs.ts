import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { clientOf } from '../../e2e/cluster/in-cluster.js';
import { until } from '../../e2e/cluster/guarded-process.js';
import { install } from '../../e2e/cluster/installation.js';
import { accessKey, conditionsOf, namespace, policy, serviceAccount } from '../../e2e/cluster/objects.js';
import { pod } from '../../e2e/cluster/pods.js';
import { percentile, rounded } from '../statistics.js';

/** How many execs are asked for in each variant, and how many at a time. */
export interface ExecOptions {
  readonly execs: number;
  readonly clients: number;
}

/** The figures of one variant. */
export interface ExecRow {
  readonly variant: string;
  readonly execs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Above the same figure of a namespace without a policy. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
}

/** What a policy says about exec in each variant's namespace, which has the variant's name in lower case. */
const modes = ['none', 'Record', 'Trace'] as const;
const rounds = 5;

/**
 * Asks a real API server for execs in instrumented pods whose node nobody answers for: it admits first, and then refuses by
 * itself, so that no node is needed. What is above the variant without a policy is what Outrider adds: one call and one read of
 * a pod under Record, two of each under Trace.
 */
export async function runExecs(options: ExecOptions, tell: (line: string) => void): Promise<readonly ExecRow[]> {
  const here = await install({ controllerManager: false, values: { sessions: { breakGlassGroups: ['break-glass'] } } });
  const client = clientOf(here.api.kubeconfig);
  try {
    const name = (mode: string): string => mode.toLowerCase();
    await here.apply(
      modes.flatMap((mode) => [namespace(name(mode), { mode }), accessKey(name(mode)), serviceAccount(name(mode))]),
    );
    await here.addReplica('one');
    await here.addReplica('two');
    const asked = modes.filter((mode) => mode !== 'none');
    const spec = (exec: string) => ({ prefer: 'Security', sessions: { exec } });
    await here.apply(asked.map((mode) => policy(name(mode), { mode }, spec(mode))));
    for (const mode of asked) {
      await until(`policy ${mode}`, async () =>
        conditionsOf(await here.get('ipol', name(mode))).some((condition) => condition.startsWith('InForce=True')),
      );
    }
    for (const mode of modes) await here.created(name(mode), pod('web', { spec: { nodeName: 'node-1' } }));
    const latencies = new Map(modes.map((mode) => [mode, [] as number[]]));
    for (let round = -1; round < rounds; round++) {
      for (const mode of modes) {
        const path = pathOf(resources.pods, { namespace: name(mode), name: 'web', subresource: 'exec' });
        const each = await ask(client, path, Math.ceil(options.execs / rounds), options.clients);
        if (round >= 0) latencies.get(mode)?.push(...each);
      }
      tell(`round ${round + 1}`);
    }
    return rowsOf(latencies);
  } finally {
    await client.close();
    await here.stop();
  }
}

/** @returns how long each took, in ms */
async function ask(client: ApiClient, path: string, execs: number, clients: number): Promise<readonly number[]> {
  const took: number[] = [];
  let left = execs;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const startMs = performance.now();
      const refused = await client
        .create(path, {}, { query: { container: 'app', command: 'id', stdout: true } })
        .catch((error: unknown) => error);
      // What is not admitted is forbidden; what is, fails for lack of a node.
      if (!isApiError(refused) || refused.status === 403 || refused.status === 0)
        throw new Error('an exec is not answered as it should be', { cause: refused });
      took.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return took;
}

function rowsOf(latencies: ReadonlyMap<(typeof modes)[number], readonly number[]>): readonly ExecRow[] {
  const bare = latencies.get('none') ?? [];
  return [...latencies].map(([mode, ms]) => ({
    variant: mode === 'none' ? 'no policy' : `exec: ${mode}`,
    execs: ms.length,
    p50Ms: rounded(percentile(ms, 0.5), 2),
    p99Ms: rounded(percentile(ms, 0.99), 2),
    addedP50Ms: rounded(percentile(ms, 0.5) - percentile(bare, 0.5), 2),
    addedP99Ms: rounded(percentile(ms, 0.99) - percentile(bare, 0.99), 2),
  }));
}
