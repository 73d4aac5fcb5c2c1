import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { PodVerdict } from '../../model/coverage.js';

/** When the API server called for a policy, as far as that is known. Milliseconds since 1970 by the API server's date. */
export interface CalledFor {
  /** Since when it is known to call for the policy's pods; `undefined`: not known. */
  readonly sinceMs: number | undefined;
  /** Times in which it did not reach the webhook, the latest last. */
  readonly unreached: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

/** Says why a pod runs without what it should have, as far as its creation date shows. */
export function whyMissed(
  { metadata }: JsonObject,
  { sinceMs, unreached }: CalledFor,
): Pick<PodVerdict, 'reason' | 'detail'> {
  const created = stringOf(objectOf(metadata)?.['creationTimestamp']);
  const createdMs = created === undefined ? Number.NaN : Date.parse(created);
  if (created === undefined || Number.isNaN(createdMs)) {
    return { reason: 'another_path', detail: 'nobody knows when it was created' };
  }
  // The API server's dates have whole seconds: a pod and a policy of one `kubectl apply` may be of the same one.
  if (sinceMs !== undefined && createdMs <= sinceMs) {
    return {
      reason: 'before_in_force',
      detail: `created ${created}, before the API server called for the policy (${textOf(sinceMs)})`,
    };
  }
  const away = unreached.find(({ fromMs, untilMs }) => createdMs + secondMs > fromMs && createdMs <= untilMs);
  if (away !== undefined) {
    return {
      reason: 'not_reached',
      detail: `created ${created}, while the webhook was not reached (${textOf(away.fromMs)} to ${textOf(away.untilMs)})`,
    };
  }
  return { reason: 'another_path', detail: `created ${created}` };
}

const secondMs = 1000;

function textOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
