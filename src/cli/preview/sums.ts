import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readQuotas } from '../../cluster/live/read-quotas.js';
import { refused } from '../../cluster/live/refusal.js';
import {
  namespaceSums,
  quotaRows,
  type CountedPods,
  type NamespaceSums,
  type QuotaRow,
} from '../../engine/preview/namespace-sums.js';
import { sidesOf, type Preview } from './preview.js';

/** What a namespace's pods grow by, beside its quotas. */
export interface NamespaceGrowth extends NamespaceSums {
  readonly namespace: string;
  /** `undefined` if they may not be read. */
  readonly quotas: readonly QuotaRow[] | undefined;
}

/**
 * Adds up the growth of every namespace where it changes, and reads the quotas there, one namespace after another.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export async function growthOf<Extra>(
  preview: Pick<Preview<Extra>, 'rows' | 'templates'>,
  client: OpenCluster['client'],
): Promise<readonly NamespaceGrowth[]> {
  const byNamespace = new Map<string, CountedPods[]>();
  for (const row of preview.rows) {
    const { now, then, counted } = sidesOf(row, preview);
    const pods = byNamespace.get(row.namespace) ?? [];
    pods.push({ now, then, counted, replicas: row.replicas });
    byNamespace.set(row.namespace, pods);
  }
  const found: NamespaceGrowth[] = [];
  for (const [namespace, pods] of byNamespace) {
    const sums = namespaceSums(pods);
    if (sums.change.size === 0 && sums.uncounted === 0) continue;
    const quotas = await quotasOf(client, namespace);
    found.push({ namespace, ...sums, quotas: quotas && quotaRows(quotas, pods) });
  }
  return found;
}

async function quotasOf(client: OpenCluster['client'], namespace: string): ReturnType<typeof readQuotas> {
  try {
    return await readQuotas(client, namespace);
  } catch (error) {
    throw refused(error, client.server, `quotas of namespace ${namespace}`, 'ask for the right to list them');
  }
}
