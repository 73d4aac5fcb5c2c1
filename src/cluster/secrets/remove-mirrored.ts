import { objectOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { Ledger } from './ledger.js';
import { removeCopy } from './remove-copy.js';

/** The result for an installation's copies, as `namespace/name`. */
export interface MirroredRemoval {
  readonly removed: readonly string[];
  /** The copies that could not be removed. The ledger then stays, so that the removal can be repeated. */
  readonly failed: readonly string[];
}

// A replica that was about to make a copy when the pause began may write here once more.
const passes = 3;

/**
 * Removes every copy that an installation has made, and the ledger. Used when an installation ends (E43). Secrets that are
 * not ours stay. Needs no right to list Secrets.
 * @throws ApiError when the ledger or the namespaces cannot be read
 */
export async function removeMirroredSecrets(
  client: ApiClient,
  ownNamespace: string,
  instance: string,
): Promise<MirroredRemoval> {
  const ledger = new Ledger({ client, ownNamespace, instance });
  const removed: string[] = [];
  for (let left = passes; ; left--) {
    const page = await ledger.read();
    const failed = await removeCopies(client, instance, page.copies, removed);
    if (failed.length > 0) return { removed, failed };
    try {
      await ledger.remove(page);
      return { removed, failed };
    } catch (error) {
      if (left <= 1 || !isApiError(error, 'Conflict')) throw error;
    }
  }
}

/** @param removed collects what was removed @returns what could not be removed */
async function removeCopies(
  client: ApiClient,
  instance: string,
  copies: ReadonlyMap<string, string>,
  removed: string[],
): Promise<readonly string[]> {
  const failed: string[] = [];
  const items =
    copies.size === 0 ? [] : (await client.list(pathOf(resources.namespaces), { metadataOnly: true })).items;
  for (const item of items) {
    const namespace = stringOf(objectOf(item['metadata'])?.['name']);
    if (namespace === undefined) continue;
    for (const [copy, policy] of copies) {
      const result = await removeCopy(client, namespace, { policy, instance }, copy);
      if (result === 'removed') removed.push(`${namespace}/${copy}`);
      if (result === 'failed') failed.push(`${namespace}/${copy}`);
    }
  }
  return failed;
}
