import { objectOf, stringMembersOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';
import { refused } from '../live/refusal.js';

/** An installation, by its name and namespace. */
export interface FoundInstallation {
  readonly instance: string;
  readonly ownNamespace: string;
}

const instanceLabel = 'app.kubernetes.io/instance';

/**
 * Finds the installations of a cluster by their Deployments, in the order of namespaces and names.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export async function findInstallations(client: ApiClient, timeoutMs: number): Promise<readonly FoundInstallation[]> {
  try {
    const { items } = await client.list(pathOf(resources.deployments), {
      timeoutMs,
      metadataOnly: true,
      query: { labelSelector: 'app.kubernetes.io/name=outrider' },
    });
    const found = items.flatMap(({ metadata }) => {
      const about = objectOf(metadata);
      const instance = stringMembersOf(about?.['labels'])[instanceLabel];
      const ownNamespace = stringOf(about?.['namespace']);
      return instance === undefined || ownNamespace === undefined ? [] : [{ instance, ownNamespace }];
    });
    const once = new Map(found.map((one) => [`${one.ownNamespace}/${one.instance}`, one]));
    return [...once].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  } catch (error) {
    throw refused(error, client.server, 'Deployments of all namespaces', 'ask for the right to list them, or give -n');
  }
}
