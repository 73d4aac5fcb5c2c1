import type { Clock } from '../../time/clock.js';

/** A clock whose date is checked against the API server's, for the parts that issue certificates or lead. */
export interface CheckedClock extends Clock {
  /** The API server's date, or this machine's if that is earlier. */
  earlierMs(): number;
  /** Whether both dates are known to agree well enough, or nothing is known about the API server's. */
  agrees(): boolean;
}

/** Called when the clocks disagree, and when they agree again. */
export interface ClockLog {
  error(about: object, text: string): void;
  info(about: object, text: string): void;
}

/** How far this machine's date may be from the API server's. Beyond that, it does not lead or issue certificates. */
export const mostSkewMs = 5 * 60_000;
// A date that drifts near the limit must not change the result with each answer.
const agreesAgainMs = 4 * 60_000;
// For an answer that took longer, it is too unclear when it was dated.
const longestAnswerMs = 10_000;
// A `Date` header has whole seconds, cut off.
const precisionMs = 1_000;

/**
 * The API server's date, from the `Date` headers of its answers, continued by our own monotonic clock. A jump of this
 * machine's date does not move it, and is noticed at once. The API server judges certificates, so its date counts for them.
 * Until an answer gives a date, this machine's own date is used.
 *
 * Each answer limits the difference between the two clocks: it was dated after the request was sent and before the answer
 * arrived. Each answer narrows the limits further, until one contradicts them. Then that answer wins.
 */
export class ServerClock implements CheckedClock {
  readonly #own: Clock;
  readonly #log: ClockLog;
  /** The API server's date minus our monotonic clock. */
  #offset: { readonly lowMs: number; readonly highMs: number } | undefined;
  #agrees = true;

  constructor(own: Clock, log: ClockLog) {
    this.#own = own;
    this.#log = log;
  }

  /**
   * Takes an answer's date over.
   * @param date the header `Date`; ignored if it is not a date
   * @param sentMs when the request was sent, on the monotonic clock
   */
  heard(date: unknown, sentMs: number): void {
    const dateMs = typeof date === 'string' ? Date.parse(date) : NaN;
    const nowMs = this.#own.monotonicMs();
    if (Number.isNaN(dateMs) || nowMs - sentMs > longestAnswerMs) return;
    const heard = { lowMs: dateMs - nowMs, highMs: dateMs + precisionMs - sentMs };
    const lowMs = Math.max(heard.lowMs, this.#offset?.lowMs ?? -Infinity);
    const highMs = Math.min(heard.highMs, this.#offset?.highMs ?? Infinity);
    this.#offset = lowMs <= highMs ? { lowMs, highMs } : heard;
  }

  monotonicMs(): number {
    return this.#own.monotonicMs();
  }

  /** The API server's date; this machine's while that is not known. */
  wallMs(): number {
    return this.#serverMs() ?? this.#own.wallMs();
  }

  earlierMs(): number {
    return Math.min(this.wallMs(), this.#own.wallMs());
  }

  /** How far this machine's date is ahead of the API server's, negative: behind; `undefined` while that is not known. */
  skewMs(): number | undefined {
    const serverMs = this.#serverMs();
    return serverMs === undefined ? undefined : this.#own.wallMs() - serverMs;
  }

  agrees(): boolean {
    const skewMs = this.skewMs();
    if (skewMs === undefined) return this.#agrees;
    const agrees = Math.abs(skewMs) <= (this.#agrees ? mostSkewMs : agreesAgainMs);
    if (agrees !== this.#agrees) this.#say(agrees, Math.round(skewMs / 1000));
    this.#agrees = agrees;
    return agrees;
  }

  #serverMs(): number | undefined {
    if (this.#offset === undefined) return undefined;
    return this.#own.monotonicMs() + (this.#offset.lowMs + this.#offset.highMs) / 2;
  }

  #say(agrees: boolean, skewSeconds: number): void {
    if (agrees) this.#log.info({ skewSeconds }, 'the clock of this machine agrees with the API server’s again');
    else {
      this.#log.error(
        { skewSeconds },
        'the clock of this machine is too far from the API server’s: this replica does not lead and issues no certificate',
      );
    }
  }
}
