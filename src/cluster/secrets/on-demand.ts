import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { unlessAborted } from '../../time/abort.js';

/** Values by key, asked for when they are needed and kept for a while. */
export interface OnDemand<T> {
  /** What is kept, however old; `undefined` where nothing is. */
  peek(key: string): Kept<T> | undefined;
  /** Whether `get` answers, or throws, from what is kept. */
  isFresh(key: string): boolean;
  /**
   * The value, from what is kept where that is fresh. Callers with one key share one request, which goes on when one
   * of them leaves.
   * @throws what the request throws, or the signal's reason
   */
  get(key: string, signal: AbortSignal): Promise<T>;
  /** Asks now, whatever is kept. */
  refresh(key: string, signal: AbortSignal): Promise<T>;
  /** Takes over what somebody else learned. */
  put(key: string, value: T): void;
  forget(key: string): void;
}

/** A value, and how old it is. */
export interface Kept<T> {
  readonly value: T;
  readonly ageMs: number;
}

export interface OnDemandOptions<T> {
  /** Has a deadline of its own. */
  readonly read: (key: string) => Promise<T>;
  /** How long a value is fresh. */
  readonly freshMs: (value: T) => number;
  /** How long a failure is remembered and thrown again. */
  readonly failureMs: number;
  readonly maxEntries: number;
  /** Bytes a value takes, about, and how many there may be in all. */
  readonly size?: { readonly of: (value: T) => number; readonly max: number };
  readonly clock: Clock;
}

type Entry<T> = { readonly atMs: number } & ({ readonly value: T } | { readonly error: unknown });

/** Makes an empty one. */
export function createOnDemand<T>(options: OnDemandOptions<T>): OnDemand<T> {
  const { read, freshMs, failureMs, maxEntries, size, clock } = options;
  const kept = new LRUCache<string, Entry<T>>({
    max: maxEntries,
    ...(size === undefined
      ? {}
      : {
          maxSize: size.max,
          sizeCalculation: (entry: Entry<T>) => ('value' in entry ? Math.max(1, size.of(entry.value)) : 1),
        }),
  });
  const underWay = new Map<string, Promise<T>>();

  const ask = async (key: string): Promise<T> => {
    try {
      const value = await read(key);
      kept.set(key, { value, atMs: clock.monotonicMs() });
      return value;
    } catch (error) {
      // What was known stays: an API server that does not answer says nothing about it.
      const before = kept.get(key);
      if (before === undefined || 'error' in before) kept.set(key, { error, atMs: clock.monotonicMs() });
      throw error;
    } finally {
      underWay.delete(key);
    }
  };
  const refresh = (key: string, signal: AbortSignal): Promise<T> => {
    let call = underWay.get(key);
    if (call === undefined) {
      call = ask(key);
      underWay.set(key, call);
      // Everybody who waits may have left by the time it fails.
      call.catch(() => undefined);
    }
    return unlessAborted(call, signal);
  };
  const freshEntry = (key: string): Entry<T> | undefined => {
    const entry = kept.get(key);
    if (entry === undefined) return undefined;
    const keepMs = 'error' in entry ? failureMs : freshMs(entry.value);
    return clock.monotonicMs() - entry.atMs < keepMs ? entry : undefined;
  };
  return {
    peek: (key) => {
      const entry = kept.get(key);
      return entry === undefined || 'error' in entry
        ? undefined
        : { value: entry.value, ageMs: clock.monotonicMs() - entry.atMs };
    },
    isFresh: (key) => freshEntry(key) !== undefined,
    get: async (key, signal) => {
      signal.throwIfAborted();
      const entry = freshEntry(key);
      if (entry === undefined) return refresh(key, signal);
      if ('error' in entry) throw entry.error;
      return entry.value;
    },
    refresh,
    put: (key, value) => void kept.set(key, { value, atMs: clock.monotonicMs() }),
    forget: (key) => void kept.delete(key),
  };
}
