import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';

const mostDeletions = 20;

/** Removes every pod of a namespace. The API server gives up on a request after a minute, so many pods may take more than one. */
export async function clear(client: ApiClient, name: string): Promise<void> {
  const path = pathOf(resources.pods, { namespace: name });
  for (let attempt = 1; ; attempt++) {
    try {
      await client.delete(path, undefined, { query: { gracePeriodSeconds: 0 }, timeoutMs: 90_000 });
    } catch (error) {
      if (!isApiError(error) || attempt === mostDeletions) throw error;
    }
    const { items } = await client.list(path, { metadataOnly: true });
    if (items.length === 0) return;
    if (attempt === mostDeletions) throw new Error(`${items.length} pods are left in namespace ${name}`);
  }
}
