import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';

/** A bucket of tokens: so many at once, and one more each so often. */
export interface Limit {
  /** Takes a token; false when there is none. */
  take(key: string): boolean;
}

/** One bucket for each key; the buckets that were used last are kept. */
export function createLimit(clock: Clock, burst: number, everyMs: number, most = 1_000): Limit {
  const buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: most });
  return {
    take: (key) => {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
      const tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / everyMs);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
      return tokens >= 1;
    },
  };
}
