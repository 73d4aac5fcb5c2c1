import type { JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

const requestMs = 5_000;

/** A Secret; `undefined` when it is not there. @throws ApiError */
export async function readSecret(client: ApiClient, namespace: string, name: string): Promise<JsonObject | undefined> {
  try {
    return await client.get(pathOf(resources.secrets, { namespace, name }), { timeoutMs: requestMs });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
