import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { holds, markerPath, pauseIn, type Pause } from '../registration/pause-marker.js';

/** Why nothing is injected at the moment, whatever the policies say. */
export type Standstill = { readonly cause: 'unregistered' } | { readonly cause: 'paused'; readonly pause: Pause };

/**
 * Says why an installation stands still: paused, or without a webhook configuration.
 *
 * @returns `undefined` where it does not, and where that may not be read
 */
export async function readStandstill(
  client: ApiClient,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
  nowMs: number,
): Promise<Standstill | undefined> {
  const marker = client
    .get(markerPath(ownNamespace, instance))
    .then(pauseIn)
    .catch(() => undefined);
  const unregistered = client.get(pathOf(resources.mutatingWebhooks, { name: instance })).then(
    () => false,
    (error: unknown) => isApiError(error, 'NotFound'),
  );
  const pause = await marker;
  if (holds(pause, nowMs)) return { cause: 'paused', pause };
  return (await unregistered) ? { cause: 'unregistered' } : undefined;
}
