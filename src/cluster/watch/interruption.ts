import { endingWith } from '../../time/abort.js';

/** Work in progress that can be interrupted, by its owner or because everything ends. */
export class Interruption {
  readonly #whole: AbortSignal;
  #current: AbortController | undefined;

  /** @param whole the signal that ends everything */
  constructor(whole: AbortSignal) {
    this.#whole = whole;
  }

  /** Begins the work. Call `end` when it is over; that also ends everything that uses the signal. */
  begin(): { readonly signal: AbortSignal; readonly end: () => void } {
    const { over, end } = endingWith(this.#whole);
    this.#current = over;
    return {
      signal: over.signal,
      end: () => {
        if (this.#current === over) this.#current = undefined;
        end();
      },
    };
  }

  /**
   * Interrupts the work in progress.
   * @param only only if the work was begun with this signal
   */
  interrupt(only?: AbortSignal): void {
    if (only === undefined || this.#current?.signal === only) this.#current?.abort();
  }
}
