import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { SharedCalls } from '../../time/shared-calls.js';
import { CloudError } from './provider.js';

/** A token and how long it is valid. */
export interface Token<T> {
  readonly value: T;
  readonly lifeMs: number;
}

type Kept<T> =
  | { readonly ok: true; readonly value: T; readonly atMs: number; readonly forMs: number }
  | { readonly ok: false; readonly error: CloudError; readonly atMs: number; readonly forMs: number };

const mostTokens = 1_000;
const failureMs = 10_000;
const longestLifeMs = 12 * 3_600_000;

/**
 * Tokens by key, each got by one request at a time. A token is kept until five minutes before its end, or a tenth of its
 * life if that is less; a failure is remembered for ten seconds, so that a missing endpoint does not delay every look-up.
 */
export class TokenCache<T> {
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, Kept<T>>({ max: mostTokens });
  readonly #underWay: SharedCalls<T>;

  /** @param options `timeoutMs`: longest time for a request */
  constructor({ clock, timeoutMs = 5_000 }: { readonly clock: Clock; readonly timeoutMs?: number }) {
    this.#clock = clock;
    this.#underWay = new SharedCalls({ whenLeft: 'goOn', longestMs: timeoutMs, most: mostTokens });
  }

  async get(key: string, signal: AbortSignal, fetch: (signal: AbortSignal) => Promise<Token<T>>): Promise<T> {
    const found = this.#fresh(key);
    if (found === undefined) return this.#underWay.run(key, signal, (own) => this.#renew(key, fetch, own));
    if (found.ok) return found.value;
    throw found.error;
  }

  #fresh(key: string): Kept<T> | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    const ageMs = this.#clock.monotonicMs() - found.atMs;
    return ageMs >= 0 && ageMs < found.forMs ? found : undefined;
  }

  async #renew(key: string, fetch: (signal: AbortSignal) => Promise<Token<T>>, signal: AbortSignal): Promise<T> {
    try {
      const { value, lifeMs } = await fetch(signal);
      const forMs = Math.min(longestLifeMs, lifeMs - Math.min(300_000, lifeMs / 10));
      this.#kept.set(key, { ok: true, value, atMs: this.#clock.monotonicMs(), forMs });
      return value;
    } catch (cause) {
      const error = cause instanceof CloudError ? cause : new CloudError('the endpoint does not answer', { cause });
      this.#kept.set(key, { ok: false, error, atMs: this.#clock.monotonicMs(), forMs: failureMs });
      throw error;
    }
  }
}
