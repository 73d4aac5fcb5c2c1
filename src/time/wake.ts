import type { Sleep } from './sleep.js';

/** Lets a loop sleep until something is to be done. */
export class Wake {
  readonly #sleep: Sleep;
  #poked = false;
  #rest: AbortController | undefined;

  /** @param sleep what waits */
  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Whether the next sleep ends at once. */
  get isPoked(): boolean {
    return this.#poked;
  }

  /** Ends the sleep; while nobody sleeps, the next one. Can be handed on as it is. */
  readonly poke = (): void => {
    this.#poked = true;
    this.#rest?.abort();
  };

  /** Resolves at a poke, after the time, or when the signal aborts; never rejects. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#poked && !signal.aborted) {
      // Not by AbortSignal.any, which a signal that lives as long as the process would keep something of each time.
      const rest = new AbortController();
      const end = (): void => rest.abort();
      signal.addEventListener('abort', end, { once: true });
      this.#rest = rest;
      await this.#sleep(ms, rest.signal);
      this.#rest = undefined;
      signal.removeEventListener('abort', end);
    }
    this.#poked = false;
  }
}
