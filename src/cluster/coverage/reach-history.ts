/** Times in which the API server did not reach the webhook, as self-tests tell. Milliseconds since 1970. */
export interface Unreached {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** As many times are kept: pods that were created in earlier ones came by another path, as far as is known. */
const most = 20;

/** Remembers when the webhook was not reached: from the last test that came through to the next one that does. */
export class ReachHistory {
  #times: readonly Unreached[] = [];
  #reachedMs: number | undefined;
  #failedMs: number | undefined;

  /**
   * Takes a result over.
   * @returns whether it is reached again after it was not
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

  /** The times that are known, the latest last. @param nowMs the end of one that goes on */
  times(nowMs: number): readonly Unreached[] {
    return this.#failedMs === undefined ? this.#times : [...this.#times, { fromMs: this.#failedMs, untilMs: nowMs }];
  }
}
