import type { Clock } from '../../time/clock.js';

/** A clock whose date is checked against the API server's, for those who issue certificates or lead. */
export interface CheckedClock extends Clock {
  /** The API server's date, or this machine's if that is earlier. */
  earlierMs(): number;
  /** Whether both dates are known to agree well enough, or nothing is known of the API server's. */
  agrees(): boolean;
}

/** Where it is said that the clocks disagree, or agree again. */
export interface ClockLog {
  error(about: object, text: string): void;
  info(about: object, text: string): void;
}

/** How far this machine's date may be from the API server's before it leads and issues nothing. */
export const mostSkewMs = 5 * 60_000;
// A date that drifts across the limit is not to change its mind with each answer.
const agreesAgainMs = 4 * 60_000;
// An answer that took longer says too little about when it was dated.
const longestAnswerMs = 10_000;
// A `Date` header has whole seconds, cut off.
const precisionMs = 1_000;

/**
 * The API server's date, as the `Date` headers of its answers tell it, carried on by our own monotonic clock: a jump of this
 * machine's date does not move it, and is seen at once. The API server judges certificates, so its date counts for them. Until
 * an answer told a date, this machine's own is used.
 *
 * Each answer bounds the difference between the two clocks: it was dated after the request was sent and before the answer came.
 * Bounds narrow each other, until an answer contradicts them; then it is believed.
 */
export class ServerClock implements CheckedClock {
  readonly #own: Clock;
  readonly #log: ClockLog;
  /** The API server's date, less our monotonic clock. */
  #offset: { readonly lowMs: number; readonly highMs: number } | undefined;
  #agrees = true;

  constructor(own: Clock, log: ClockLog) {
    this.#own = own;
    this.#log = log;
  }

  /**
   * Takes an answer's date over.
   * @param date the header `Date`; ignored where it is not a date
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
