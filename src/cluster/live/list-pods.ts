import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { refused } from './refusal.js';

/** Which pods to look for, and where. */
export interface PodSearch {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly timeoutMs: number;
}

/**
 * Lists the names, labels and owners of pods, without their specs. It leaves out pods that are terminating or have ended,
 * such as those of finished Jobs.
 *
 * @returns the `metadata` of each
 * @throws OutriderError `cluster_unavailable`
 */
export async function listRunningPods(
  client: ApiClient,
  { namespace, labelSelector, timeoutMs }: PodSearch,
): Promise<readonly JsonObject[]> {
  try {
    const { items } = await client.list(pathOf(resources.pods, namespace === undefined ? {} : { namespace }), {
      metadataOnly: true,
      timeoutMs,
      query: { fieldSelector: 'status.phase=Running', labelSelector },
    });
    return items
      .map(({ metadata }) => objectOf(metadata) ?? {})
      .filter((metadata) => metadata['deletionTimestamp'] === undefined && stringOf(metadata['name']) !== undefined);
  } catch (error) {
    const where = namespace === undefined ? 'pods of all namespaces' : `pods in namespace ${namespace}`;
    throw refused(error, client.server, where, 'ask for the right to list them');
  }
}

/**
 * Reads a pod as it is now.
 *
 * @returns `undefined` if it is gone
 * @throws OutriderError `cluster_unavailable`
 */
export async function readPodNow(
  client: ApiClient,
  { namespace, name, timeoutMs }: { readonly namespace: string; readonly name: string; readonly timeoutMs: number },
): Promise<JsonObject | undefined> {
  try {
    return await client.get(pathOf(resources.pods, { namespace, name }), { timeoutMs });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw refused(error, client.server, `pod ${name} in namespace ${namespace}`, 'ask for the right to get pods there');
  }
}
