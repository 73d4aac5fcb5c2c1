import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** The requests that the Secret needs. */
export type SecretClient = Pick<ApiClient, 'get' | 'create' | 'replace' | 'delete'>;

/** Where the Secret is. */
export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Reads the Secret.
 * @throws ApiError, except if the Secret does not exist; then the result is `undefined`
 */
export async function readSecret(
  client: SecretClient,
  place: SecretPlace,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    return await client.get(pathOf(resources.secrets, place), { signal });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Why a Secret can only be deleted and created again: its type and its immutability cannot be changed. */
export function obstacleOf(secret: JsonObject): string | undefined {
  const type = stringOf(secret['type']) ?? 'Opaque';
  if (type !== 'Opaque') return `it has the type ${type} and not Opaque`;
  return secret['immutable'] === true ? 'it is immutable' : undefined;
}

/**
 * Writes the Secret's data, unless something else wrote it since it was read.
 * @param before the Secret as it was read; `undefined` if it did not exist
 * @throws ApiError, `Conflict` or `AlreadyExists` when it was changed meanwhile
 */
export async function writeSecret(
  client: SecretClient,
  place: SecretPlace,
  before: JsonObject | undefined,
  data: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const metadata = objectOf(before?.['metadata']) ?? {};
  const { labels, annotations, uid, resourceVersion } = metadata;
  const path = pathOf(resources.secrets, place);
  if (before !== undefined && obstacleOf(before) === undefined) {
    await client.replace(path, { ...before, data }, { signal });
    return;
  }
  if (before !== undefined) await client.delete(path, { preconditions: { uid, resourceVersion } }, { signal });
  const fresh = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...place, labels, annotations },
    type: 'Opaque',
    data,
  };
  await client.create(pathOf(resources.secrets, { namespace: place.namespace }), fresh, { signal });
}
