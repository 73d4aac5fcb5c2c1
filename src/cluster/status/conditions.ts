import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Condition, ConditionReason, ConditionStatus, ConditionType } from '../../model/status.js';

/** A finding, before it is known since when it holds. */
export interface ConditionFinding {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  readonly message: string;
  /** When its status changed, if that is known more precisely than the time of writing. */
  readonly sinceMs?: number;
}

/** A finding without its type. */
export type Found = Omit<ConditionFinding, 'type'>;

/** RFC 3339, in whole seconds, as the API server writes times. */
function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * Makes conditions from findings. A condition whose status did not change keeps its transition time.
 * @param status the current content of the object, whoever wrote it
 */
export function conditionsOf(
  findings: readonly ConditionFinding[],
  observedGeneration: number,
  status: JsonObject | undefined,
  wallMs: number,
): readonly Condition[] {
  const before = listOf(status?.['conditions']).filter(isObject);
  return findings.map(({ sinceMs, ...finding }) => {
    const same = before.find(({ type, status }) => type === finding.type && status === finding.status);
    const since = stringOf(same?.['lastTransitionTime']);
    return {
      ...finding,
      message: finding.message.slice(0, longestMessage),
      observedGeneration,
      lastTransitionTime: since === undefined || Number.isNaN(Date.parse(since)) ? timeText(sinceMs ?? wallMs) : since,
    };
  });
}

// apimachinery `metav1.Condition`.
const longestMessage = 32_768;
const shownNames = 3;

/** Some names, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ');
  const more = names.length - shownNames;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
