/**
 * Gathers the keys that changed, and reports them at once, or when all events that came together are taken over. Errors of
 * the listener go to `onFault`.
 */
export class Changes {
  readonly #listener: (keys: ReadonlySet<string>) => void;
  readonly #onFault: (error: unknown) => void;
  #keys = new Set<string>();
  #soon: NodeJS.Immediate | undefined;

  constructor(listener: (keys: ReadonlySet<string>) => void, onFault: (error: unknown) => void) {
    this.#listener = listener;
    this.#onFault = onFault;
  }

  /** How many there are to report. */
  get size(): number {
    return this.#keys.size;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Reports when all events that came together have been taken over. */
  tellSoon(): void {
    this.#soon ??= setImmediate(() => this.tell());
  }

  /** Reports the changes since the last report. */
  tell(): void {
    this.stop();
    const keys = this.#keys;
    this.#keys = new Set();
    try {
      this.#listener(keys);
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Stops reporting by itself. */
  stop(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
  }
}
