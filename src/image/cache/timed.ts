/** A value and when it was learned, on a monotonic clock. */
export interface Timed<V> {
  readonly value: V;
  readonly atMs: number;
  /** For how long it is as good as new. */
  readonly ttlMs: number;
}

/** How old an answer may be: within its own time, or also past it, while the registry cannot be asked. */
export type Tolerance = 'fresh' | 'stale';

/**
 * The value if it is young enough. One from the future, seen when a clock is not as monotonic as it should be, is not
 * trusted.
 *
 * @param staleMs how old a value may get at most under `stale`.
 */
export function valueOf<V>(
  timed: Timed<V> | undefined,
  nowMs: number,
  tolerance: Tolerance,
  staleMs: number,
): V | undefined {
  if (timed === undefined) return undefined;
  const ageMs = nowMs - timed.atMs;
  const limitMs = tolerance === 'fresh' ? timed.ttlMs : Math.max(timed.ttlMs, staleMs);
  return ageMs >= 0 && ageMs < limitMs ? timed.value : undefined;
}
