import { asError } from './as-error.js';

/**
 * Makes concurrent calls with one key one call. A caller that gives up leaves it to the others; when the last one has
 * left, the call itself is aborted.
 */
export class SharedCalls<T> {
  readonly #calls = new Map<string, Shared<T>>();

  /** @throws The signal's reason when it aborts first, else what the call throws. */
  async run(key: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const shared = this.#calls.get(key) ?? this.#start(key, call);
    shared.waiting++;
    try {
      return await raceAbort(shared.result, signal);
    } finally {
      shared.waiting--;
      if (shared.waiting === 0) {
        if (this.#calls.get(key) === shared) this.#calls.delete(key);
        shared.controller.abort();
      }
    }
  }

  #start(key: string, call: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const controller = new AbortController();
    const shared: Shared<T> = { controller, waiting: 0, result: call(controller.signal) };
    this.#calls.set(key, shared);
    return shared;
  }
}

interface Shared<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

/** The promise's outcome, or the signal's reason if that comes first. */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(asError(signal.reason));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
