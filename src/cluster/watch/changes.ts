/**
 * Gathers the keys that changed, and tells of them: at once, or when all events that came together are taken over. What the
 * listener throws goes to `onFault`.
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

  /** How many there are to tell of. */
  get size(): number {
    return this.#keys.size;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Tells once what comes together has come. */
  tellSoon(): void {
    this.#soon ??= setImmediate(() => this.tell());
  }

  /** Tells of what changed since it was last told. */
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

  /** Tells nothing by itself any more. */
  stop(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
  }
}
