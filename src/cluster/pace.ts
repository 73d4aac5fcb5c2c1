import type { Clock } from '../time/clock.js';
import { ApiError } from './client/api-error.js';

/** A number from 0 up to 1, evenly; passed in: `Math.random`, but in tests. */
export type Random = () => number;

/** What waits: resolves after the time, or at once when the signal aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Time, chance and patience, passed in. */
export interface Timing {
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
}

/** Waits by the computer's timers, without keeping the process alive. */
export const sleepByTimer: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end, { once: true });
  });

/** A time within a fifth of one asked for, so that replicas and restarts do not march in step. */
export function jittered(ms: number, random: Random): number {
  return ms * (0.8 + 0.4 * random());
}

const longestAskedMs = 5 * 60_000;

/**
 * How long to wait before the next try: doubled with each failure up to a longest, of which chance takes up to a half
 * off, and never less than the API server asks for.
 * @param failures in a row, from 1
 * @param limits by default 0.5 s, and 30 s
 */
export function backOffMs(
  failures: number,
  random: Random,
  error?: unknown,
  { firstMs = 500, longestMs = 30_000 }: { readonly firstMs?: number; readonly longestMs?: number } = {},
): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(16, Math.max(0, failures - 1)));
  const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(fullMs * (1 - random() / 2), Math.min(longestAskedMs, askedMs));
}

/** The promise's own outcome, unless the signal aborts first: then it rejects with the signal's reason. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
