import { examineNode, type NodeReport } from '../../doctor/node.js';
import { isObject, listOf, objectOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';

/** What is kept of a node: a Node object is 10 KB and more, most of it a list of images. */
export type KnownNode = Pick<
  NodeReport,
  'name' | 'kind' | 'architecture' | 'kubelet' | 'runtime' | 'nativeSidecars' | 'imageVolumes'
>;

// Some 2 MB a page: the pages are summarised one by one, so that a large cluster's nodes are never held together.
const pageSize = 200;

/** Reads every node. @throws ApiError */
export async function listNodes(client: ApiClient, signal: AbortSignal): Promise<readonly KnownNode[]> {
  const nodes: KnownNode[] = [];
  let next: string | undefined;
  do {
    const page = await client.get(pathOf(resources.nodes), { query: { limit: pageSize, continue: next }, signal });
    for (const item of listOf(page['items'])) if (isObject(item)) nodes.push(summaryOf(examineNode(item)));
    next = stringOf(objectOf(page['metadata'])?.['continue']);
  } while (next !== undefined && next !== '');
  return nodes;
}

function summaryOf(report: NodeReport): KnownNode {
  const { name, kind, architecture, kubelet, runtime, nativeSidecars, imageVolumes } = report;
  return { name, kind, architecture, kubelet, runtime, nativeSidecars, imageVolumes };
}
