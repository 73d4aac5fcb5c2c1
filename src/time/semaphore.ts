import { asError } from './as-error.js';

/** Limits how many calls of one key are in progress; further ones wait in order. */
export class Semaphore {
  readonly #lanes = new Map<string, Lane>();

  /**
   * Waits for a place.
   *
   * @returns Gives the place back; to be called once.
   * @throws The signal's reason when it aborts first.
   */
  async acquire(key: string, limit: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const lane = this.#lanes.get(key) ?? { underWay: 0, waiting: new Set() };
    this.#lanes.set(key, lane);
    if (lane.underWay >= limit) await waitIn(lane, signal);
    else lane.underWay++;
    return () => {
      this.#release(key, lane);
    };
  }

  /** A place goes straight to the longest waiter, so that no newcomer takes it. */
  #release(key: string, lane: Lane): void {
    const [next] = lane.waiting;
    if (next !== undefined) {
      lane.waiting.delete(next);
      next();
      return;
    }
    lane.underWay--;
    if (lane.underWay === 0) this.#lanes.delete(key);
  }
}

interface Lane {
  underWay: number;
  readonly waiting: Set<() => void>;
}

function waitIn(lane: Lane, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const proceed = (): void => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      lane.waiting.delete(proceed);
      reject(asError(signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    lane.waiting.add(proceed);
  });
}
