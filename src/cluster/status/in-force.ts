import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import { isConditionReason } from '../../model/status.js';
import type { PolicyState } from '../state/cluster-configuration.js';
import type { ConditionFinding } from './conditions.js';
import type { InForceState, WebhookState } from './facts.js';

type Found = Omit<ConditionFinding, 'type'>;

/** The inputs of the condition, besides the policy. */
export interface InForceFacts {
  readonly inForce: InForceState | undefined;
  readonly webhook: WebhookState | undefined;
  /** The status that the policy has in the API server. */
  readonly before: JsonObject | undefined;
}

// Why the policy has no entry, or none that can be proven.
const stands = new Set(['TooManyConditions', 'CertificatePending']);

/**
 * Says whether a policy is in force. A leader that has not found out yet keeps what an earlier one found about the same
 * generation. Pure.
 */
export function inForce(policy: PolicyState, { inForce: state, webhook, before }: InForceFacts): Found {
  const { problem, served, servedGeneration, generation } = policy;
  if (problem !== undefined && served !== 'Current') {
    const rest = served === 'LastValid' ? `It is generation ${servedGeneration ?? 0} that goes on.` : 'No version is.';
    return {
      status: 'False',
      reason: 'PolicyInvalid',
      message: `Generation ${generation} is not carried out. ${rest}`,
    };
  }
  if (webhook !== undefined && !webhook.configured && !stands.has(webhook.reason)) {
    const reason = isConditionReason(webhook.reason) ? webhook.reason : 'NotWritten';
    return { status: 'False', reason, message: 'The policy’s webhooks do not stand: WebhookConfigured says why.' };
  }
  if (state?.of?.uid !== policy.uid || state.of.generation !== generation) return earlier(before, generation) ?? notYet;
  const { reason, message, sinceMs } = state;
  if (state.inForce === undefined) return earlier(before, generation) ?? { status: 'False', reason, message };
  return { status: state.inForce ? 'True' : 'False', reason, message, sinceMs };
}

/**
 * Since when a policy has been in force, as its status says, in milliseconds since 1970 by the API server's date;
 * `undefined` if it is not, or not known to be.
 */
export function inForceSince(status: JsonObject | undefined): number | undefined {
  const condition = conditionIn(status);
  if (condition?.['status'] !== 'True') return undefined;
  const sinceMs = Date.parse(stringOf(condition['lastTransitionTime']) ?? '');
  return Number.isNaN(sinceMs) ? undefined : sinceMs;
}

const notYet: Found = { status: 'False', reason: 'Pending', message: 'It has not been looked at yet.' };

function earlier(before: JsonObject | undefined, generation: number): Found | undefined {
  const condition = conditionIn(before);
  const { status, reason, message, observedGeneration } = condition ?? {};
  if (observedGeneration !== generation || typeof reason !== 'string' || !isConditionReason(reason)) return undefined;
  if (status !== 'True' && status !== 'False') return undefined;
  return { status, reason, message: stringOf(message) ?? '' };
}

function conditionIn(status: JsonObject | undefined): JsonObject | undefined {
  return listOf(status?.['conditions'])
    .filter(isObject)
    .find(({ type }) => type === 'InForce');
}
