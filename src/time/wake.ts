import { endingWith } from './abort.js';
import type { Sleep } from './sleep.js';

/**
 * Lets a loop sleep until something is to be done:
 *
 *     while (!signal.aborted) await wake.sleep(await look(), signal, gatherMs);
 *
 * A poke that comes while it looks is not lost: the next sleep ends at once.
 */
export class Wake {
  readonly #sleep: Sleep;
  #poked = false;
  #rest: AbortController | undefined;

  /** @param sleep what waits */
  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Ends the sleep; while nobody sleeps, the next one. Can be passed on as a function. */
  readonly poke = (): void => {
    this.#poked = true;
    this.#rest?.abort();
  };

  /**
   * Resolves at a poke, after the time, or when the signal aborts; never rejects.
   * @param gatherMs how much longer it sleeps after a poke, so that what comes together is looked at once
   * @returns whether it was a poke
   */
  async sleep(ms: number, signal: AbortSignal, gatherMs = 0): Promise<boolean> {
    if (!this.#poked && !signal.aborted) await this.#sleepUntilPoked(ms, signal);
    const poked = this.#poked;
    if (poked && gatherMs > 0) await this.#sleep(gatherMs, signal);
    this.#poked = false;
    return poked;
  }

  async #sleepUntilPoked(ms: number, signal: AbortSignal): Promise<void> {
    const { over, end } = endingWith(signal);
    this.#rest = over;
    await this.#sleep(ms, over.signal);
    this.#rest = undefined;
    end();
  }
}
