import { objectOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { readSecret } from './read-secret.js';
import { versionOfCopy, type CopyOwner } from './copy-object.js';

/** The result of removing a copy. */
export type RemoveResult = 'removed' | 'absent' | 'foreign' | 'failed';

const requestMs = 5_000;

/** Removes an installation's copy for a policy in a namespace. Leaves someone else's Secret with that name. Never throws. */
export async function removeCopy(
  client: ApiClient,
  namespace: string,
  owner: CopyOwner,
  copy: string,
): Promise<RemoveResult> {
  try {
    const secret = await readSecret(client, namespace, copy);
    if (secret === undefined) return 'absent';
    if (versionOfCopy(secret, owner) === undefined) return 'foreign';
    const { uid, resourceVersion } = objectOf(secret['metadata']) ?? {};
    const preconditions = { uid, resourceVersion };
    const path = pathOf(resources.secrets, { namespace, name: copy });
    await client.delete(path, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions }, { timeoutMs: requestMs });
    return 'removed';
  } catch (error) {
    return isApiError(error, 'NotFound') ? 'absent' : 'failed';
  }
}
