/** What the cache counts. */
export type CacheEvent = 'hit' | 'miss' | 'stale' | 'negative' | 'joined' | 'eviction';

/** Counts events. */
export interface CacheCounter {
  count(event: CacheEvent): void;
  total(event: CacheEvent): number;
}

/** A counter at zero. */
export function createCacheCounter(): CacheCounter {
  const totals = new Map<CacheEvent, number>();
  return {
    count: (event) => void totals.set(event, (totals.get(event) ?? 0) + 1),
    total: (event) => totals.get(event) ?? 0,
  };
}
