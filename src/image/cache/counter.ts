import type { ImageStats } from '../../model/image-stats.js';

/** What the cache counts. */
export type CacheEvent = 'hit' | 'miss' | 'stale' | 'negative' | 'joined' | 'eviction';

/** Counts what happens in the cache, from zero. */
export class CacheCounter {
  readonly #totals = { hit: 0, miss: 0, stale: 0, negative: 0, joined: 0, eviction: 0 };

  count(event: CacheEvent): void {
    this.#totals[event]++;
  }

  totals(): Pick<ImageStats, 'hits' | 'misses' | 'stale' | 'negatives' | 'joined' | 'evictions'> {
    const { hit, miss, stale, negative, joined, eviction } = this.#totals;
    return { hits: hit, misses: miss, stale, negatives: negative, joined, evictions: eviction };
  }
}
