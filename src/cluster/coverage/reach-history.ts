/** Periods in which the API server did not reach the webhook, according to self-tests. Milliseconds since 1970. */
export interface Unreached {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How many periods are kept. Pods that were created in an earlier period came another way, as far as is known. */
const most = 20;

/** Remembers when the webhook was not reached: from the last successful test to the next one. */
export class ReachHistory {
  #times: readonly Unreached[] = [];
  #reachedMs: number | undefined;
  #failedMs: number | undefined;

  /**
   * Takes over a result.
   * @returns whether the webhook is reached again after it was not
   */
  note(reachable: boolean, atMs: number): boolean {
    if (!reachable) {
      this.#failedMs ??= this.#reachedMs ?? atMs;
      return false;
    }
    const fromMs = this.#failedMs;
    this.#reachedMs = atMs;
    this.#failedMs = undefined;
    if (fromMs === undefined) return false;
    this.#times = [...this.#times, { fromMs, untilMs: atMs }].slice(-most);
    return true;
  }

  /** The known periods, the latest last. @param nowMs the end of a period that continues */
  times(nowMs: number): readonly Unreached[] {
    return this.#failedMs === undefined ? this.#times : [...this.#times, { fromMs: this.#failedMs, untilMs: nowMs }];
  }
}
