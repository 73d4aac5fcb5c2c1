import { isObject, listOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, resources, type Resource } from '../client/resources.js';

const needed = [
  resources.mutatingPolicies,
  resources.mutatingPolicyBindings,
  resources.validatingPolicies,
  resources.validatingPolicyBindings,
];

/**
 * Whether the API server serves the APIs that it needs to inject by itself, according to its discovery. If not, none of them
 * is called.
 * @throws ApiError if it does not say
 */
export function servesPolicies(client: Pick<ApiClient, 'get'>, signal: AbortSignal): Promise<boolean> {
  return serves(client, needed, signal);
}

/**
 * Whether the kind of the parameters exists. Its definition may not be applied yet, or may have been deleted.
 * @throws ApiError when the API server does not say
 */
export function servesPlans(client: Pick<ApiClient, 'get'>, signal: AbortSignal): Promise<boolean> {
  return serves(client, [resources.plans], signal);
}

/** @param wanted resources of one group and version */
async function serves(
  client: Pick<ApiClient, 'get'>,
  wanted: readonly Resource[],
  signal: AbortSignal,
): Promise<boolean> {
  const [first] = wanted;
  if (first === undefined) return true;
  try {
    const answer = await client.get(`/apis/${apiVersionOf(first)}`, { signal });
    const served = new Set(
      listOf(answer['resources'])
        .filter(isObject)
        .map(({ name }) => stringOf(name)),
    );
    return wanted.every(({ plural }) => served.has(plural));
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
}
