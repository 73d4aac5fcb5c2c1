/** What the cache counts. */
export type CacheEvent = 'hit' | 'miss' | 'stale' | 'negative' | 'joined' | 'eviction';

/** Counters since the start, and sizes now; for metrics. */
export interface CacheStats {
  /** Look-ups answered from the cache. */
  readonly hits: number;
  /** Look-ups that had to ask a registry. */
  readonly misses: number;
  /** Look-ups answered past an answer's time, because the registry could not be asked. */
  readonly stale: number;
  /** Questions to a registry that were spared because its refusal is remembered. */
  readonly negatives: number;
  /** Look-ups that waited for one that was under way. */
  readonly joined: number;
  /** Entries dropped for room. */
  readonly evictions: number;
  /** Look-ups under way. */
  readonly inFlight: number;
  /** Images and indexes held. */
  readonly entries: number;
  /** Bytes they take, about. */
  readonly bytes: number;
}

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
