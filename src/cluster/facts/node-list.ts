import { examineNode, type NodeReport } from '../../doctor/node.js';
import { NodeSetsBuilder, type NodeSets } from '../../doctor/node-sets.js';
import { isObject, listOf, objectOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';

/** The part of a node that is kept. A Node object is 10 KB or more, most of it a list of images. */
export type KnownNode = Pick<
  NodeReport,
  'name' | 'kind' | 'architecture' | 'kubelet' | 'runtime' | 'nativeSidecars' | 'imageVolumes'
>;

// About 2 MB a page. Pages are summarised one by one, so that a large cluster's nodes are never all in memory.
const pageSize = 200;

/** All nodes, singly and summarised by what matters for scheduling pods. */
export interface NodeList {
  readonly nodes: readonly KnownNode[];
  readonly sets: NodeSets;
}

/** Reads every node. @throws ApiError */
export async function listNodes(client: Pick<ApiClient, 'get'>, signal: AbortSignal): Promise<NodeList> {
  const nodes: KnownNode[] = [];
  const sets = new NodeSetsBuilder();
  let next: string | undefined;
  do {
    const page = await client.get(pathOf(resources.nodes), { query: { limit: pageSize, continue: next }, signal });
    for (const item of listOf(page['items'])) {
      if (!isObject(item)) continue;
      const summary = summaryOf(examineNode(item));
      nodes.push(summary);
      sets.add(item, summary);
    }
    next = stringOf(objectOf(page['metadata'])?.['continue']);
  } while (next !== undefined && next !== '');
  return { nodes, sets: sets.build() };
}

/**
 * Asks for the number of nodes. This transfers one node, whatever the number.
 *
 * @returns `undefined` if the API server does not say
 * @throws ApiError
 */
export async function countNodes(client: Pick<ApiClient, 'get'>, signal: AbortSignal): Promise<number | undefined> {
  const page = await client.get(pathOf(resources.nodes), { query: { limit: 1 }, signal });
  const metadata = objectOf(page['metadata']);
  const remaining = metadata?.['remainingItemCount'];
  const here = listOf(page['items']).length;
  if ((stringOf(metadata?.['continue']) ?? '') === '') return here;
  return typeof remaining === 'number' ? here + remaining : undefined;
}

function summaryOf(report: NodeReport): KnownNode {
  const { name, kind, architecture, kubelet, runtime, nativeSidecars, imageVolumes } = report;
  return { name, kind, architecture, kubelet, runtime, nativeSidecars, imageVolumes };
}
