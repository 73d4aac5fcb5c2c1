/** Time, passed in. */
export interface Clock {
  /** Milliseconds that only grow, even if the computer's date is changed: for ages and deadlines. */
  monotonicMs(): number;
  /** Milliseconds since 1970 by the computer's date: for what is compared with others' dates. */
  wallMs(): number;
}

/** The computer's time. */
export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
