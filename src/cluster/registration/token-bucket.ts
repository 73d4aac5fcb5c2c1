/** A bounded rate: so many at once, then one in each interval. */
export interface TokenBucket {
  /** Takes one. @returns 0 when there was one, else the milliseconds until there is the next */
  take(): number;
}

/** @param nowMs a clock that only grows */
export function createTokenBucket(options: {
  readonly burst: number;
  readonly intervalMs: number;
  readonly nowMs: () => number;
}): TokenBucket {
  const { burst, intervalMs, nowMs } = options;
  let tokens = burst;
  let atMs = nowMs();
  return {
    take: () => {
      const now = nowMs();
      tokens = Math.min(burst, tokens + (now - atMs) / intervalMs);
      atMs = now;
      if (tokens < 1) return Math.ceil((1 - tokens) * intervalMs);
      tokens -= 1;
      return 0;
    },
  };
}
