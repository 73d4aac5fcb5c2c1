import type { Clock } from '../../time/clock.js';

// However fast something changes, no more of its past is kept.
const most = 16;

/** What was in force, for a while. */
export class Past<Value> {
  readonly #keptMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The latest first. */
  #values: readonly { readonly value: Value; readonly endedMs: number }[] = [];

  /** @param keptMs how long a value is kept behind its end */
  constructor(keptMs: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#keptMs = keptMs;
    this.#clock = clock;
  }

  /** Keeps a value that is in force no more. */
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
