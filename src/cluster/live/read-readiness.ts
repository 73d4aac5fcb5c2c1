import { objectOf, stringOf } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { pausedUntil } from './pause.js';

/** Why nothing is injected at the moment, whatever the policies say. */
export type Standstill =
  | { readonly cause: 'unregistered' }
  /** `until` is RFC 3339, or `forever`. */
  | { readonly cause: 'paused'; readonly until: string };

/**
 * Says whether an installation stands still: paused, or without a webhook configuration.
 *
 * @returns `undefined` where it does not, and where that may not be read
 */
export async function readStandstill(
  client: ApiClient,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
  nowMs: number,
): Promise<Standstill | undefined> {
  const pause = client
    .get(pathOf(resources.configMaps, { namespace: ownNamespace, name: instance }))
    .then(({ metadata }) => stringOf(objectOf(objectOf(metadata)?.['annotations'])?.[names.pausedUntil]))
    .catch(() => undefined);
  const unregistered = client.get(pathOf(resources.mutatingWebhooks, { name: instance })).then(
    () => false,
    (error: unknown) => isApiError(error, 'NotFound'),
  );
  const until = pausedUntil(await pause, nowMs);
  if (until !== undefined) return { cause: 'paused', until };
  return (await unregistered) ? { cause: 'unregistered' } : undefined;
}
