import type { CountedPod } from '../../engine/coverage/tally.js';
import type { Random } from '../../time/sleep.js';

interface Drawn {
  readonly lot: number;
  readonly pod: CountedPod;
}

/** A random sample of very many pods, each equally likely: those with the lowest random numbers. */
export class PodSample {
  readonly #most: number;
  readonly #random: Random;
  #kept: readonly Drawn[] = [];

  /** @param most how many to keep */
  constructor(most: number, random: Random) {
    this.#most = most;
    this.#random = random;
  }

  offer(pod: CountedPod): void {
    const lot = this.#random();
    if (this.#kept.length >= this.#most && lot >= (this.#kept.at(-1)?.lot ?? 0)) return;
    this.#keep([{ lot, pod }]);
  }

  merge(other: PodSample): void {
    this.#keep(other.#kept);
  }

  get pods(): readonly CountedPod[] {
    return this.#kept.map(({ pod }) => pod);
  }

  #keep(more: readonly Drawn[]): void {
    this.#kept = [...this.#kept, ...more].sort((one, other) => one.lot - other.lot).slice(0, this.#most);
  }
}
