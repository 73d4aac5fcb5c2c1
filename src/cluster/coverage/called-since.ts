import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** The conditions that tell since when the API server calls the webhook for a policy, the more precise one first. */
const telling = ['InForce', 'WebhookConfigured'] as const;

/**
 * Since when the API server is known to call the webhook for a policy, by the policy's status, in milliseconds since 1970.
 * An older pod may have been created without a call.
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
