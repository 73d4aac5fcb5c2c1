import { isObject, listOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

const mostObjects = 100;

/**
 * Reads a namespace's ResourceQuotas with what is used of them.
 *
 * @returns `undefined` if they may not be read
 * @throws ApiError
 */
export async function readQuotas(
  client: Pick<ApiClient, 'get'>,
  namespace: string,
): Promise<readonly JsonObject[] | undefined> {
  try {
    const page = await client.get(pathOf(resources.resourceQuotas, { namespace }), { query: { limit: mostObjects } });
    return listOf(page['items']).filter(isObject);
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
