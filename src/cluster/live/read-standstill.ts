import type { JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { pauseAt, type Pause } from '../registration/pause-record.js';
import { ownEntries } from '../registration/webhook-configuration.js';

/**
 * Why nothing is injected at the moment, whatever the policies say. `unread`: the objects that would tell cannot be read.
 */
export type Standstill =
  { readonly cause: 'unregistered' | 'unread' } | { readonly cause: 'paused'; readonly pause: Pause };

/**
 * Says why an installation does nothing: it is paused, or has no webhooks.
 *
 * @param clock decides when a pause ends
 * @returns `undefined` if it works
 */
export async function readStandstill(
  client: ApiClient,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
  clock: Pick<Clock, 'wallMs'>,
): Promise<Standstill | undefined> {
  const [mutating, validating, configMap] = await Promise.all([
    read(client, pathOf(resources.mutatingWebhooks, { name: instance })),
    read(client, pathOf(resources.validatingWebhooks, { name: instance })),
    read(client, pathOf(resources.configMaps, { namespace: ownNamespace, name: instance })),
  ]);
  // An unreadable object may exist, and may carry no marker.
  const seen = (object: JsonObject | 'unknown' | undefined): JsonObject | undefined =>
    object === 'unknown' ? {} : object;
  const objects = { mutating: seen(mutating), validating: seen(validating), configMap: seen(configMap) };
  const pause = pauseAt(objects, clock.wallMs());
  if (pause !== undefined) return { cause: 'paused', pause };
  if (mutating === 'unknown') return { cause: 'unread' };
  return ownEntries(mutating, instance) === 0 ? { cause: 'unregistered' } : undefined;
}

async function read(client: ApiClient, path: string): Promise<JsonObject | 'unknown' | undefined> {
  try {
    return await client.get(path);
  } catch (error) {
    return isApiError(error, 'NotFound') ? undefined : 'unknown';
  }
}
