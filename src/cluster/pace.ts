/** A number from 0 up to 1, passed in: `Math.random`, but in tests. */
export type Random = () => number;

/** What waits: resolves after the time, or at once when the signal aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

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

/** How long to wait after so many failures in a row: doubled each time, up to a longest, jittered. */
export function backOffMs(failures: number, shortestMs: number, longestMs: number, random: Random): number {
  return jittered(Math.min(longestMs, shortestMs * 2 ** Math.min(30, Math.max(0, failures - 1))), random);
}
