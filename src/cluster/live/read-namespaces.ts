import { objectOf, stringMembersOf, stringOf } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';
import { readNamespaceLabels } from './read-workload.js';
import { refused } from './refusal.js';

/**
 * Reads the labels of namespaces, by name.
 *
 * @param namespace the only one; absent: all
 * @throws OutriderError `cluster_unavailable`
 */
export async function readNamespaces(
  client: ApiClient,
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
    throw refused(error, client.server, 'namespaces', 'ask for the right to list them, or give one with -n');
  }
}
