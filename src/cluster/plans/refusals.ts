import type { Clock } from '../../time/clock.js';

/** How long a refusal counts. An upgraded API server may accept more. */
export const believeRefusalMs = 10 * 60_000;

/** What the API server said when it refused an object of a policy of ours, for one term as the leader. */
export class Refusals {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #byPolicy = new Map<string, { readonly words: string; readonly untilMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  note(policy: string, words: string): void {
    this.#byPolicy.set(policy, { words, untilMs: this.#clock.monotonicMs() + believeRefusalMs });
  }

  clear(policy: string): void {
    this.#byPolicy.delete(policy);
  }

  /** The API server's words, also when it is time to try again. */
  wordsOf(policy: string): string | undefined {
    return this.#byPolicy.get(policy)?.words;
  }

  /** Whether it is too early to try again. */
  counts(policy: string): boolean {
    return (this.#byPolicy.get(policy)?.untilMs ?? -Infinity) > this.#clock.monotonicMs();
  }
}
