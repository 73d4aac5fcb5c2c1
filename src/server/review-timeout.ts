import { parseGoDuration } from '../time/go-duration.js';

// The API server never waits longer for a webhook.
const longestTimeoutMs = 30_000;

// The API server uses one or two; other callers could invent any number.
const mostKept = 16;

/** How long a review may take where its request does not say, and how much earlier it is to be answered. */
export interface TimeoutLimits {
  readonly defaultTimeoutMs: number;
  readonly timeoutMarginMs: number;
}

/** Reads how long the handler of a review has. */
export class ReviewTimeouts {
  readonly #limits: TimeoutLimits;
  readonly #kept = new Map<string, number>();

  constructor(limits: TimeoutLimits) {
    this.#limits = limits;
  }

  /**
   * @param query of the request's URL, parsed
   * @returns milliseconds; `NaN` when the query's `timeout` is not one valid duration
   */
  of(query: unknown): number {
    const given: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'timeout') : undefined;
    if (given === undefined) return this.#less(this.#limits.defaultTimeoutMs);
    if (typeof given !== 'string') return Number.NaN;
    const before = this.#kept.get(given);
    if (before !== undefined) return before;
    const parsed = parseGoDuration(given);
    const timeoutMs = parsed === undefined ? Number.NaN : this.#less(Math.min(parsed, longestTimeoutMs));
    if (this.#kept.size < mostKept) this.#kept.set(given, timeoutMs);
    return timeoutMs;
  }

  #less(timeoutMs: number): number {
    return timeoutMs - Math.min(this.#limits.timeoutMarginMs, timeoutMs / 2);
  }
}
