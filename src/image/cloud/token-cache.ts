import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { SharedCalls } from '../../time/shared-calls.js';
import { CloudError } from './provider.js';

/** A token and for how long it is good. */
export interface Token<T> {
  readonly value: T;
  readonly lifeMs: number;
}

/** Tokens by key, each got by one request at a time and kept until shortly before its end. */
export interface TokenCache<T> {
  get(key: string, signal: AbortSignal, fetch: (signal: AbortSignal) => Promise<Token<T>>): Promise<T>;
}

type Kept<T> =
  | { readonly ok: true; readonly value: T; readonly atMs: number; readonly forMs: number }
  | { readonly ok: false; readonly error: CloudError; readonly atMs: number; readonly forMs: number };

const failureMs = 10_000;
const longestLifeMs = 12 * 3_600_000;

/**
 * An empty cache. A token is kept until five minutes before its end, or a tenth of its life if that is less; a failure
 * is remembered for ten seconds, so that an endpoint that is not there does not hold up every look-up.
 *
 * @param options `timeoutMs`: longest time for a request.
 */
export function createTokenCache<T>(options: { readonly clock: Clock; readonly timeoutMs?: number }): TokenCache<T> {
  const { clock, timeoutMs = 5_000 } = options;
  const kept = new LRUCache<string, Kept<T>>({ max: 1_000 });
  const underWay = new SharedCalls<T>({ whenLeft: 'goOn', longestMs: timeoutMs, most: 1_000 });

  async function renew(
    key: string,
    fetch: (signal: AbortSignal) => Promise<Token<T>>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      const { value, lifeMs } = await fetch(signal);
      const forMs = Math.min(longestLifeMs, lifeMs - Math.min(300_000, lifeMs / 10));
      kept.set(key, { ok: true, value, atMs: clock.monotonicMs(), forMs });
      return value;
    } catch (cause) {
      const error = cause instanceof CloudError ? cause : new CloudError('the endpoint does not answer', { cause });
      kept.set(key, { ok: false, error, atMs: clock.monotonicMs(), forMs: failureMs });
      throw error;
    }
  }

  return {
    async get(key, signal, fetch) {
      const found = kept.get(key);
      const ageMs = found === undefined ? 0 : clock.monotonicMs() - found.atMs;
      if (found !== undefined && ageMs >= 0 && ageMs < found.forMs) {
        if (found.ok) return found.value;
        throw found.error;
      }
      return underWay.run(key, signal, (own) => renew(key, fetch, own));
    },
  };
}
