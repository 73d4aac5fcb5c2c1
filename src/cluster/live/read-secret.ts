import type { SecretState } from '../../engine/engine.js';
import { objectOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Says whether a Secret has a key. Its values are not looked at. What may not be read is `unknown`. */
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
