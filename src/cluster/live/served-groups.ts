import { isObject, listOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';

/**
 * The API groups that a cluster serves, with one request that every user may make. Without it, a kind that does not exist
 * cannot be told from one that a user may not list: both are answered with 403.
 *
 * @returns `undefined` if the API server does not say
 * @throws ApiError if it does not answer
 */
export async function servedGroups(client: Pick<ApiClient, 'get'>): Promise<ReadonlySet<string> | undefined> {
  try {
    const { groups } = await client.get('/apis');
    const names = listOf(groups)
      .filter(isObject)
      .flatMap(({ name }) => stringOf(name) ?? []);
    return new Set(['', ...names]);
  } catch (error) {
    if (isApiError(error, 'Forbidden', 'NotFound')) return undefined;
    throw error;
  }
}
