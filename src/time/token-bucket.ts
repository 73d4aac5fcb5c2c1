import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';

/** A limited rate: a number at once, and one more after each interval. */
export interface Rate {
  readonly burst: number;
  /** Milliseconds until there is one more. */
  readonly everyMs: number;
}

/** A bucket of tokens. */
export class TokenBucket {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'>, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes a token. @returns 0 when there was one, else the milliseconds until there is the next */
  take(): number {
    const { burst, everyMs } = this.#rate;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#atMs) / everyMs);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) * everyMs);
    this.#tokens -= 1;
    return 0;
  }
}

/** One bucket for each key; the buckets that were used last are kept. */
export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #rate: Rate;
  readonly #buckets: LRUCache<string, TokenBucket>;

  /** @param most how many buckets are kept */
  constructor(clock: Pick<Clock, 'monotonicMs'>, rate: Rate, most = 1_000) {
    this.#clock = clock;
    this.#rate = rate;
    this.#buckets = new LRUCache({ max: most });
  }

  /** Takes a token of a key's bucket; false when there is none. */
  take(key: string): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#clock, this.#rate);
      this.#buckets.set(key, bucket);
    }
    return bucket.take() === 0;
  }
}
