import { calledSinceMs } from '../../cluster/coverage/called-since.js';
import { sweepPods } from '../../cluster/coverage/sweep.js';
import { pathOf, resources } from '../../cluster/client/resources.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readNamespaceLabels } from '../../cluster/live/read-workload.js';
import { refused } from '../../cluster/live/refusal.js';
import type { Engine } from '../../engine/engine.js';
import {
  coverageStates,
  noCounts,
  type CoverageCounts,
  type PolicyCoverage,
  type WorkloadCoverage,
} from '../../model/coverage.js';
import { objectOf, stringMembersOf, stringOf } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { sleepByTimer } from '../../time/sleep.js';

/** What a look at running pods came to. */
export interface Look {
  readonly counts: CoverageCounts;
  readonly pods: number;
  readonly readWhole: number;
  readonly policies: ReadonlyMap<string, PolicyCoverage>;
  /** The worst first. */
  readonly workloads: readonly WorkloadCoverage[];
}

/** How many pods that are judged by their record are then read whole. */
const sampled = 20;

/**
 * Looks at the running pods of one namespace, or of all, with the caller's rights.
 *
 * @param namespace `undefined`: all of them
 * @throws OutriderError `cluster_unavailable`, `object_missing`
 */
export async function lookAtPods(
  { client, clock }: Pick<OpenCluster, 'client' | 'clock'>,
  engine: Engine,
  namespace: string | undefined,
): Promise<Look> {
  const namespaces = await namespacesOf(client, namespace);
  const since = await calledSince(client);
  const where = namespace === undefined ? 'pods of all namespaces' : `pods of namespace ${namespace}`;
  try {
    const { tally } = await sweepPods({
      client,
      clock,
      random: Math.random,
      sleep: sleepByTimer,
      engine,
      earlier: [],
      calledFor: (policy) => ({ sinceMs: since.get(policy), unreached: [] }),
      namespaces,
      everyMs: 0,
      sampled,
      signal: new AbortController().signal,
    });
    const policies = tally.policies(0);
    const sums = [...policies.values()];
    const counts = { ...noCounts };
    for (const one of sums) for (const state of coverageStates) counts[state] += one.counts[state];
    return {
      counts,
      pods: sums.reduce((sum, { pods }) => sum + pods, 0),
      readWhole: sums.reduce((sum, { readWhole }) => sum + readWhole, 0),
      policies,
      workloads: tally.workloads(),
    };
  } catch (error) {
    throw refused(error, client.server, where, 'ask for the right to list pods there, or give -n NAMESPACE');
  }
}

async function namespacesOf(
  client: OpenCluster['client'],
  namespace: string | undefined,
): Promise<ReadonlyMap<string, StringMap>> {
  if (namespace !== undefined) return new Map([[namespace, await readNamespaceLabels(client, namespace)]]);
  try {
    const { items } = await client.list(pathOf(resources.namespaces), { metadataOnly: true });
    return new Map(
      items.map(({ metadata }) => {
        const about = objectOf(metadata);
        return [stringOf(about?.['name']) ?? '', stringMembersOf(about?.['labels'])];
      }),
    );
  } catch (error) {
    throw refused(error, client.server, 'namespaces', 'ask for the right to list them, or give -n NAMESPACE');
  }
}

/** Since when the API server calls for each policy, by the policies' statuses. */
async function calledSince(client: OpenCluster['client']): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.list(pathOf(resources.policies));
  return new Map(
    items.flatMap(({ metadata, status }): [string, number][] => {
      const sinceMs = calledSinceMs(objectOf(status));
      return sinceMs === undefined ? [] : [[stringOf(objectOf(metadata)?.['name']) ?? '', sinceMs]];
    }),
  );
}
