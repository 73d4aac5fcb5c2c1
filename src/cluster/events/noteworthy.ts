import type { Decision, Door } from '../../model/decision.js';
import { names } from '../../model/names.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { reasons } from '../../model/reasons.js';

/**
 * Whether a decision is worth an Event: a denial, a partly instrumented pod, or a skip that nobody asked for. Each is
 * reported once. Under Security the validating door decides last, so it reports. Otherwise the mutating door does, which is
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
      // The validating door reports what the mutating one could not know.
      return reasons[reason].tells === undefined && (door === lastDoor || reason === 'parts_missing');
    case 'partial':
      return door === lastDoor && (door === 'validate' || !isMarked(pod));
  }
}

/** Whether the pod has been through the mutating door before. */
function isMarked(pod: JsonObject): boolean {
  return objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.status] !== undefined;
}
