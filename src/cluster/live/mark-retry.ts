import { retryKey, type WorkloadName } from '../../model/taken-back.js';
import type { ApiClient } from '../client/api-client.js';
import { takenBackPath } from './read-taken-back.js';

/**
 * Asks the leader of an installation to try workloads again now that it leaves alone: one key for each, beside the entries.
 * The leader removes the keys once it has seen them.
 *
 * @param at RFC 3339, by the API server’s date
 * @throws ApiError
 */
export async function markRetry(
  client: Pick<ApiClient, 'patch'>,
  installation: { readonly instance: string; readonly ownNamespace: string },
  workloads: readonly WorkloadName[],
  at: string,
): Promise<void> {
  const data = Object.fromEntries(workloads.map((workload) => [retryKey(workload), at]));
  await client.patch(takenBackPath(installation), 'merge', { data }, { query: { fieldManager: 'outrider-retry' } });
}
