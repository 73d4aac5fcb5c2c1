const mostDurations = 1024;

/** Counts, and passes the counts to a counter of the registry when that is read, since counting there takes longer. */
export class GatheredCount {
  readonly #counter: { inc(by: number): void };
  #count = 0;

  constructor(counter: { inc(by: number): void }) {
    this.#counter = counter;
  }

  add(): void {
    this.#count++;
  }

  /** Brings the counter up to date. */
  handOn(): void {
    if (this.#count === 0) return;
    this.#counter.inc(this.#count);
    this.#count = 0;
  }
}

/** Gathers durations for a histogram of the registry, and hands them on when that is read, or when there are many. */
export class GatheredDurations {
  readonly #histogram: { observe(seconds: number): void };
  readonly #seconds = new Float64Array(mostDurations);
  #length = 0;

  constructor(histogram: { observe(seconds: number): void }) {
    this.#histogram = histogram;
  }

  add(seconds: number): void {
    this.#seconds[this.#length++] = seconds;
    if (this.#length === mostDurations) this.handOn();
  }

  /** Brings the histogram up to date. */
  handOn(): void {
    for (let index = 0; index < this.#length; index++) this.#histogram.observe(this.#seconds[index] ?? 0);
    this.#length = 0;
  }
}
