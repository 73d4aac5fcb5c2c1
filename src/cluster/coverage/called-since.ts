import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** The conditions that tell since when the API server calls for a policy, the one that says more first. */
const telling = ['InForce', 'WebhookConfigured'] as const;

/**
 * Since when the API server is known to call for a policy, by the policy's status: milliseconds since 1970. A pod that is
 * older may have been created unasked.
 */
export function calledSinceMs(status: JsonObject | undefined): number | undefined {
  const conditions = listOf(status?.['conditions']).map(objectOf);
  for (const type of telling) {
    const condition = conditions.find((one) => one?.['type'] === type);
    if (condition?.['status'] !== 'True') continue;
    const sinceMs = Date.parse(stringOf(condition['lastTransitionTime']) ?? '');
    if (!Number.isNaN(sinceMs)) return sinceMs;
  }
  return undefined;
}
