import { LRUCache } from 'lru-cache';
import type { Clock } from '../time/clock.js';
import { SharedCalls } from '../time/shared-calls.js';

/** A value and its age. */
export interface Kept<T> {
  readonly value: T;
  readonly ageMs: number;
}

/** How to request and keep values. */
export interface OnDemandOptions<T> {
  /** It must have its own deadline. */
  readonly read: (key: string) => Promise<T>;
  /** How long a value is fresh. */
  readonly freshMs: (value: T) => number;
  /** How long a failure is remembered and thrown again. */
  readonly failureMs: number;
  readonly maxEntries: number;
  /** The approximate size of a value in bytes, and the limit for all values. */
  readonly size?: { readonly of: (value: T) => number; readonly max: number };
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

type Entry<T> = { readonly atMs: number } & ({ readonly value: T } | { readonly error: unknown });

/** Values by key. They are requested when needed, and kept for a while. */
export class OnDemand<T> {
  readonly #options: OnDemandOptions<T>;
  readonly #kept: LRUCache<string, Entry<T>>;
  readonly #calls = new SharedCalls<T>({ whenLeft: 'goOn' });

  constructor(options: OnDemandOptions<T>) {
    this.#options = options;
    const { maxEntries: max, size } = options;
    const sizeCalculation = (entry: Entry<T>): number =>
      'value' in entry && size !== undefined ? Math.max(1, size.of(entry.value)) : 1;
    this.#kept = new LRUCache(size === undefined ? { max } : { max, maxSize: size.max, sizeCalculation });
  }

  /** The kept entry, however old; `undefined` if there is none. */
  peek(key: string): Kept<T> | undefined {
    const entry = this.#kept.get(key);
    return entry === undefined || 'error' in entry ? undefined : { value: entry.value, ageMs: this.#ageMs(entry) };
  }

  /** The kept value, however old. Allocates nothing, for callers that ask for each pod. */
  last(key: string): T | undefined {
    const entry = this.#kept.get(key);
    return entry === undefined || 'error' in entry ? undefined : entry.value;
  }

  /** Whether `get` returns or throws without a request. */
  isFresh(key: string): boolean {
    return this.#freshEntry(key) !== undefined;
  }

  /**
   * The value; the kept one if it is fresh. Callers with the same key share one request, which continues if one of them
   * leaves.
   * @throws what the request throws; `WaitEnded` when the signal aborts
   */
  async get(key: string, signal: AbortSignal): Promise<T> {
    const entry = signal.aborted ? undefined : this.#freshEntry(key);
    if (entry === undefined) return await this.refresh(key, signal);
    if ('error' in entry) throw entry.error;
    return entry.value;
  }

  /** Makes a request now, whatever is kept. @throws as `get` does */
  refresh(key: string, signal: AbortSignal): Promise<T> {
    return this.#calls.run(key, signal, () => this.#ask(key));
  }

  /** Takes over a value that was learned elsewhere. */
  put(key: string, value: T): void {
    this.#kept.set(key, { value, atMs: this.#nowMs() });
  }

  async #ask(key: string): Promise<T> {
    try {
      const value = await this.#options.read(key);
      this.put(key, value);
      return value;
    } catch (error) {
      // The known value stays, because a missing answer says nothing about it.
      const before = this.#kept.get(key);
      if (before === undefined || 'error' in before) this.#kept.set(key, { error, atMs: this.#nowMs() });
      throw error;
    }
  }

  #freshEntry(key: string): Entry<T> | undefined {
    const entry = this.#kept.get(key);
    if (entry === undefined) return undefined;
    const { failureMs, freshMs } = this.#options;
    return this.#ageMs(entry) < ('error' in entry ? failureMs : freshMs(entry.value)) ? entry : undefined;
  }

  #ageMs({ atMs }: Entry<T>): number {
    return this.#nowMs() - atMs;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
