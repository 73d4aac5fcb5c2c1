import type { Decision, Door } from '../../model/decision.js';
import { names } from '../../model/names.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { reasons } from '../../model/reasons.js';

/**
 * Whether a decision is worth an Event: a denial, a pod that is instrumented in part, and a skip that nobody asked for.
 * Each is said once. Under Security the validating door has the last word, and says it; else the mutating one, which is
 * called again for a pod that it has changed.
 */
export function isNoteworthy(door: Door, { decision, reason, prefer }: Decision, pod: JsonObject): boolean {
  const lastDoor: Door = prefer === 'Security' ? 'validate' : 'mutate';
  switch (decision) {
    case 'inject':
      return false;
    case 'deny':
      return true;
    case 'skip':
      // What the mutating door could not know is said by the other one.
      return reasons[reason].tells === undefined && (door === lastDoor || reason === 'parts_missing');
    case 'partial':
      return door === lastDoor && (door === 'validate' || !isMarked(pod));
  }
}

/** Whether the pod has been through the mutating door before. */
function isMarked(pod: JsonObject): boolean {
  return objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.status] !== undefined;
}
