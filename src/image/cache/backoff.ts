import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';

interface State {
  readonly failures: number;
  readonly atMs: number;
  /** One look-up is trying. */
  readonly trial: boolean;
}

/**
 * Leaves a registry, or one repository of it, alone that does not answer: after a failure for a second, then for twice
 * as long each time, up to a minute. When the time is over, one look-up tries; the others go on failing at once until
 * it has succeeded.
 */
export interface Backoff {
  /** Whether the place may be asked now. A `true` after failures is for the caller alone. */
  mayAsk(place: string): boolean;
  /** Whether the place is left alone now; asking changes nothing. */
  leavesAlone(place: string): boolean;
  /** Returns whether this is news: the place answered until now. */
  failed(place: string): boolean;
  /** Returns whether this is news: the place did not answer until now. */
  succeeded(place: string): boolean;
}

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/** Back-off for every place that is asked; at most so many are remembered. */
export function createBackoff(options: { readonly clock: Clock; readonly entries: number }): Backoff {
  const { clock } = options;
  const states = new LRUCache<string, State>({ max: options.entries });

  const waitMs = (failures: number): number => Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - 1));

  function leavesAlone(place: string): boolean {
    const state = states.get(place);
    if (state === undefined) return false;
    const ageMs = clock.monotonicMs() - state.atMs;
    return ageMs >= 0 && ageMs < waitMs(state.failures);
  }

  return {
    leavesAlone,
    mayAsk(place) {
      if (leavesAlone(place)) return false;
      const state = states.get(place);
      if (state !== undefined) states.set(place, { ...state, atMs: clock.monotonicMs(), trial: true });
      return true;
    },
    failed(place) {
      const state = states.get(place);
      // Look-ups that were under way together fail together: that is one failure. Only a trial makes one more.
      const failures = state === undefined ? 1 : Math.min(state.failures + (state.trial ? 1 : 0), 30);
      states.set(place, { failures, atMs: clock.monotonicMs(), trial: false });
      return state === undefined;
    },
    succeeded: (place) => states.delete(place),
  };
}
