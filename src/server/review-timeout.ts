import { parseGoDuration } from './go-duration.js';

// The API server never waits longer for a webhook.
const longestTimeoutMs = 30_000;

/** How long a review may take where its request does not say, and how much earlier it is to be answered. */
export interface TimeoutLimits {
  readonly defaultTimeoutMs: number;
  readonly timeoutMarginMs: number;
}

/**
 * Makes what reads how long a handler has, in milliseconds; `undefined` when the request's own time-out is not valid. The
 * API server gives the same one every time.
 */
export function createTimeouts(limits: TimeoutLimits): (given: unknown) => number | undefined {
  let last: { readonly given: unknown; readonly timeoutMs: number | undefined } | undefined;
  return (given) => {
    if (last === undefined || last.given !== given) last = { given, timeoutMs: timeoutOf(given, limits) };
    return last.timeoutMs;
  };
}

function timeoutOf(given: unknown, limits: TimeoutLimits): number | undefined {
  let timeoutMs = limits.defaultTimeoutMs;
  if (given !== undefined) {
    const parsed = typeof given === 'string' ? parseGoDuration(given) : undefined;
    if (parsed === undefined) return undefined;
    timeoutMs = Math.min(parsed, longestTimeoutMs);
  }
  return timeoutMs - Math.min(limits.timeoutMarginMs, timeoutMs / 2);
}
