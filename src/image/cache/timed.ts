/** A value and when it was learned, on a monotonic clock. */
export interface Timed<V> {
  readonly value: V;
  readonly atMs: number;
  /** How long it counts as fresh. */
  readonly ttlMs: number;
}

/** How old an answer may be: within its own time, or also past it, while the registry cannot be asked. */
export type Tolerance = 'fresh' | 'stale';

/**
 * The value if it is recent enough. A value from the future, which can appear if a clock is not monotonic, is not trusted.
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
