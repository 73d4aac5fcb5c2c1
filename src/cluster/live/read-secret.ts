import type { SecretState } from '../../engine/engine.js';
import type { Rule } from '../../engine/rules.js';
import { objectOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Where a rule's access key is. For a policy that mirrors it, where it is before it is copied. */
export function keyOf({ recipe, mirror }: Rule): { readonly name: string; readonly key: string } | undefined {
  return mirror?.source ?? recipe.credentials;
}

/** Says whether a Secret has a key, without looking at its values. `unknown` if the Secret cannot be read. */
export async function readSecretState(
  client: ApiClient,
  namespace: string,
  name: string,
  key: string,
): Promise<SecretState> {
  try {
    const { data } = await client.get(pathOf(resources.secrets, { namespace, name }));
    return Object.hasOwn(objectOf(data) ?? {}, key) ? 'present' : 'missing';
  } catch (error) {
    return isApiError(error, 'NotFound') ? 'missing' : 'unknown';
  }
}
