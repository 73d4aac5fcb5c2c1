import { calledSinceMs } from '../../cluster/coverage/called-since.js';
import { sweepPods } from '../../cluster/coverage/sweep.js';
import { pathOf, resources } from '../../cluster/client/resources.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readNamespaces } from '../../cluster/live/read-namespaces.js';
import { readReport, type Report } from '../../cluster/status/reported.js';
import { refused } from '../../cluster/live/refusal.js';
import type { Engine } from '../../engine/engine.js';
import {
  coverageStates,
  noCounts,
  type CoverageCounts,
  type PolicyCoverage,
  type WorkloadCoverage,
} from '../../model/coverage.js';
import { objectOf, stringOf } from '../../model/json.js';
import { sleepByTimer } from '../../time/sleep.js';

/** The result of a look at running pods. */
export interface Look {
  readonly counts: CoverageCounts;
  readonly pods: number;
  readonly readWhole: number;
  /** How many of the instrumented ones the API server made by itself alone, as their label says. */
  readonly byApiServer: number;
  readonly policies: ReadonlyMap<string, PolicyCoverage>;
  /** Worst first. */
  readonly workloads: readonly WorkloadCoverage[];
  /** What policies in mode Report would do, in all namespaces, as the leader found it. By policy name. */
  readonly reports: ReadonlyMap<string, Report>;
}

/** How many of the pods that are judged by their record are then read whole. */
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
  const namespaces = await readNamespaces(client, namespace);
  const { since, reports } = await readStatuses(client);
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
      byApiServer: sums.reduce((sum, { byApiServer }) => sum + byApiServer, 0),
      policies,
      workloads: tally.workloads(),
      reports,
    };
  } catch (error) {
    throw refused(error, client.server, where, 'ask for the right to list pods there, or give -n NAMESPACE');
  }
}

interface Statuses {
  /** Since when the API server calls the webhook for each policy. */
  readonly since: ReadonlyMap<string, number>;
  readonly reports: ReadonlyMap<string, Report>;
}

/** What the policies' statuses say. */
async function readStatuses(client: OpenCluster['client']): Promise<Statuses> {
  const since = new Map<string, number>();
  const reports = new Map<string, Report>();
  const { items } = await client.list(pathOf(resources.policies));
  for (const { metadata, status } of items) {
    const name = stringOf(objectOf(metadata)?.['name']) ?? '';
    const sinceMs = calledSinceMs(objectOf(status));
    if (sinceMs !== undefined) since.set(name, sinceMs);
    const report = readReport(objectOf(status));
    if (report !== undefined) reports.set(name, report);
  }
  return { since, reports };
}
