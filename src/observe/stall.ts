import type { Logger } from './logger.js';

const everyMs = 1_000;

/**
 * Logs when this process did nothing for a while: an event loop that is kept busy, a container that gets no CPU time, a
 * machine that slept. No review was answered meanwhile, and none of them says why it took so long. Costs one timer, which
 * does not keep the process alive.
 *
 * @param options.longestMs how late the timer may be before it is said
 * @param options.nowMs a clock that nobody sets, such as `performance.now`
 * @param options.signal ends it
 */
export function watchForStalls(options: {
  readonly logger: Logger;
  readonly longestMs: number;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}): void {
  const { logger, longestMs, nowMs, signal } = options;
  let last = nowMs();
  const timer = setInterval(() => {
    const now = nowMs();
    const lateMs = Math.round(now - last - everyMs);
    last = now;
    if (lateMs > longestMs) logger.warn({ lateMs }, 'the process stood still: too little CPU time, or too much work');
  }, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
