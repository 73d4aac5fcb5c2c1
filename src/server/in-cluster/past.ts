import type { Clock } from '../../time/clock.js';

// The most past values that are kept, however often something changes.
const most = 16;

/** Values that were in force until recently. */
export class Past<Value> {
  readonly #keptMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The latest first. */
  #values: readonly { readonly value: Value; readonly endedMs: number }[] = [];

  /** @param keptMs how long a value is kept after its end */
  constructor(keptMs: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#keptMs = keptMs;
    this.#clock = clock;
  }

  /** Keeps a value that is no longer in force. */
  add(value: Value): void {
    this.#forget();
    this.#values = [{ value, endedMs: this.#clock.monotonicMs() }, ...this.#values].slice(0, most);
  }

  /** The values that are not forgotten yet, the latest first. */
  latest(): readonly Value[] {
    this.#forget();
    return this.#values.map(({ value }) => value);
  }

  #forget(): void {
    const oldestMs = this.#clock.monotonicMs() - this.#keptMs;
    this.#values = this.#values.filter(({ endedMs }) => endedMs >= oldestMs);
  }
}
