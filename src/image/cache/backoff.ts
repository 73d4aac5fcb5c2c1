import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';

interface State {
  readonly failures: number;
  readonly atMs: number;
  /** One look-up is trying. */
  readonly trial: boolean;
}

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
const mostFailures = 30;

/**
 * Stops asking a registry, or one of its repositories, while it does not answer: for a second after the first failure, then
 * twice as long each time, up to a minute. After that time, one look-up tries; the others fail at once until it succeeds.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #states: LRUCache<string, State>;

  /** @param options `entries`: so many places are remembered */
  constructor({ clock, entries }: { readonly clock: Clock; readonly entries: number }) {
    this.#clock = clock;
    this.#states = new LRUCache({ max: entries });
  }

  /** Whether the place may be asked now. A `true` after failures is only for this caller. */
  mayAsk(place: string): boolean {
    if (this.leavesAlone(place)) return false;
    const state = this.#states.get(place);
    if (state !== undefined) this.#states.set(place, { ...state, atMs: this.#clock.monotonicMs(), trial: true });
    return true;
  }

  /** Whether the place is not asked now. Calling this changes nothing. */
  leavesAlone(place: string): boolean {
    const state = this.#states.get(place);
    if (state === undefined) return false;
    const ageMs = this.#clock.monotonicMs() - state.atMs;
    return ageMs >= 0 && ageMs < waitMs(state.failures);
  }

  /** Returns whether this is news: the place answered until now. */
  failed(place: string): boolean {
    const state = this.#states.get(place);
    // Look-ups that were in progress together fail together, which counts as one failure. Only a trial adds another.
    const failures = state === undefined ? 1 : Math.min(state.failures + (state.trial ? 1 : 0), mostFailures);
    this.#states.set(place, { failures, atMs: this.#clock.monotonicMs(), trial: false });
    return state === undefined;
  }

  /** Returns whether this is news: the place did not answer until now. */
  succeeded(place: string): boolean {
    return this.#states.delete(place);
  }
}

function waitMs(failures: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - 1));
}
