import type { Decision, Door } from '../../model/decision.js';
import { names } from '../../model/names.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { reasons } from '../../model/reasons.js';

/**
 * Whether a decision is worth an Event: a denial, a pod that is instrumented in part, and a skip that nobody asked for.
 * Each is said once: the validating door repeats what the mutating one found, and the mutating one is called again for a
 * pod that it has changed.
 */
export function isNoteworthy(door: Door, { decision, reason }: Decision, pod: JsonObject): boolean {
  switch (decision) {
    case 'inject':
      return false;
    case 'deny':
      return true;
    case 'skip':
      return reasons[reason].tells === undefined && (door === 'mutate' || reason === 'parts_missing');
    case 'partial': {
      const labels = objectOf(objectOf(pod['metadata'])?.['labels']);
      return door === 'mutate' && labels?.[names.status] === undefined;
    }
  }
}
