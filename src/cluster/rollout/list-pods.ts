import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { workloadOf } from '../../model/workload-of.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { refused } from '../live/refusal.js';
import { selectorText } from '../live/read-running-pods.js';

const pageSize = 100;
/** How often to restart a list that was so slow that the API server forgot its beginning (410). */
const attempts = 3;
const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';

/**
 * Reads the pods of a workload whole, page by page: those that its selector selects, that name it as their owner, and that
 * are neither terminating nor ended.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export async function listPodsOf(
  client: ApiClient,
  workload: JsonObject,
  namespace: string,
): Promise<readonly JsonObject[]> {
  const labelSelector = selectorText(objectOf(workload['spec'])?.['selector']);
  if (labelSelector === undefined) return [];
  const path = pathOf(resources.pods, { namespace });
  const kind = stringOf(workload['kind']);
  const name = stringOf(objectOf(workload['metadata'])?.['name']);
  for (let attempt = 1; ; attempt++) {
    try {
      const { items } = await client.list(path, { query: { labelSelector, fieldSelector }, pageSize });
      return items.filter(({ metadata }) => {
        const about = objectOf(metadata) ?? {};
        const owner = workloadOf(about);
        return about['deletionTimestamp'] === undefined && owner?.kind === kind && owner?.name === name;
      });
    } catch (error) {
      if (isApiError(error, 'Expired') && attempt < attempts) continue;
      const remedy = 'ask for the right to list pods there';
      throw refused(error, client.server, `pods in namespace ${namespace}`, remedy);
    }
  }
}
