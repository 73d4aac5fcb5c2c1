import { unlessAborted, WaitEnded } from './abort.js';

/** Thrown to a caller that would start one call too many. */
export class TooManyCalls extends Error {
  override readonly name = 'TooManyCalls';
}

export interface SharedCallsOptions {
  /**
   * What happens to a call that nobody waits for any more: it is aborted, or it goes on, so that the next caller finds
   * its result.
   */
  readonly whenLeft: 'abort' | 'goOn';
  /** Milliseconds after which a call is aborted; absent: it has a deadline of its own. */
  readonly longestMs?: number;
  /** The most calls at once; absent: as many as there are keys. */
  readonly most?: number;
  /** Called for each caller that finds its call in progress. */
  readonly onJoin?: () => void;
}

/** Makes concurrent calls with one key one call. */
export class SharedCalls<T> {
  readonly #options: SharedCallsOptions;
  readonly #calls = new Map<string, Shared<T>>();

  constructor(options: SharedCallsOptions) {
    this.#options = options;
  }

  /** Calls in progress. */
  get size(): number {
    return this.#calls.size;
  }

  /**
   * Joins the call of this key, or starts it.
   *
   * @param signal ends the wait with `WaitEnded`
   * @param call gets a signal that aborts when the call is given up
   * @throws WaitEnded, TooManyCalls, and whatever the call throws
   */
  async run(key: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) throw new WaitEnded('The wait was ended.', { cause: signal.reason });
    const shared = this.#join(key) ?? this.#start(key, call);
    shared.waiting++;
    try {
      return await unlessAborted(shared.result, signal);
    } finally {
      shared.waiting--;
      if (shared.waiting === 0 && this.#options.whenLeft === 'abort') this.#giveUp(key, shared);
    }
  }

  /** Aborts every call. */
  close(): void {
    for (const { controller } of this.#calls.values()) controller.abort();
  }

  #join(key: string): Shared<T> | undefined {
    const shared = this.#calls.get(key);
    if (shared !== undefined) this.#options.onJoin?.();
    return shared;
  }

  #start(key: string, call: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const { longestMs, most = Infinity } = this.#options;
    if (this.#calls.size >= most) throw new TooManyCalls('Too many calls are under way.');
    const controller = new AbortController();
    const timer = longestMs === undefined ? undefined : setTimeout(() => controller.abort(), longestMs);
    const result = call(controller.signal).finally(() => {
      clearTimeout(timer);
      this.#forget(key, shared);
    });
    // Nobody may be waiting any more when it fails.
    result.catch(() => undefined);
    const shared: Shared<T> = { controller, result, waiting: 0 };
    this.#calls.set(key, shared);
    return shared;
  }

  #giveUp(key: string, shared: Shared<T>): void {
    this.#forget(key, shared);
    shared.controller.abort();
  }

  /** A call that was given up may end when another one of its key is in progress already. */
  #forget(key: string, shared: Shared<T>): void {
    if (this.#calls.get(key) === shared) this.#calls.delete(key);
  }
}

interface Shared<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}
