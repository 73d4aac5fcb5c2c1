import { objectOf, stringOf } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';
import { createCopier } from './copier.js';
import { openLedger } from './ledger.js';
import type { Clock } from '../../image/clock.js';

/** Which installation's copies are removed. */
export interface RemovalOptions {
  readonly client: ApiClient;
  readonly ownNamespace: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Removes every copy that an installation has made, and the list of them: for the end of the installation. Secrets that
 * are not ours stay.
 * @returns how many were removed, and how many could not be
 * @throws ApiError when the list or the namespaces cannot be read
 */
export async function removeMirroredSecrets({
  client,
  ownNamespace,
  instance,
  clock,
  log,
}: RemovalOptions): Promise<{ readonly removed: number; readonly failed: number }> {
  const ledger = await openLedger(client, ownNamespace, instance);
  if (ledger.copies.size === 0) {
    await ledger.remove();
    return { removed: 0, failed: 0 };
  }
  const copier = createCopier({ client, clock, ownNamespace });
  const { items } = await client.list(pathOf(resources.namespaces), { metadataOnly: true });
  let removed = 0;
  let failed = 0;
  for (const item of items) {
    const namespace = stringOf(objectOf(item['metadata'])?.['name']);
    if (namespace === undefined) continue;
    for (const [copy, policy] of ledger.copies) {
      const result = await copier.remove(namespace, policy, copy);
      if (result === 'removed') removed++;
      if (result === 'failed') {
        failed++;
        log.warn({ namespace, copy }, 'a mirrored Secret cannot be removed');
      }
    }
  }
  if (failed === 0) await ledger.remove();
  return { removed, failed };
}
