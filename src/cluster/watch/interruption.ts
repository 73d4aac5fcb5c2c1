import { endingWith } from '../../time/abort.js';

/** Something under way that can be cut short, by its owner or because everything ends. */
export class Interruption {
  readonly #whole: AbortSignal;
  #current: AbortController | undefined;

  /** @param whole what ends everything */
  constructor(whole: AbortSignal) {
    this.#whole = whole;
  }

  /** Begins something; `end` must be called when it is over, and ends what hangs on the signal too. */
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
   * Cuts short what is under way.
   * @param only do so only if it is what was begun with this signal
   */
  interrupt(only?: AbortSignal): void {
    if (only === undefined || this.#current?.signal === only) this.#current?.abort();
  }
}
