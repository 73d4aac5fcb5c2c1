import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { endingWith, isAborted } from '../../time/abort.js';
import { asError } from '../../time/as-error.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { LeaseLock, type Attempt } from './lock.js';

/** The options of an election. */
export interface ElectionOptions extends Timing {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  /** The Lease's namespace. */
  readonly namespace: string;
  readonly name: string;
  /** This replica's name in the Lease. */
  readonly identity: string;
  /** How long after its last renewal a leader counts as gone. */
  readonly leaseSeconds: number;
  /** Whether this replica may lead. A leader that no longer may gives up leading. */
  readonly fit: () => boolean;
  /**
   * The leader's work. It starts when leading begins, and must return soon after its signal aborts, which happens when
   * leading ends. It never runs twice at the same time.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /**
   * What the leader last observed, as JSON. It is written on the Lease with each renewal. `undefined` if there is nothing
   * new.
   */
  readonly observed?: () => string | undefined;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setLeader'>;
}

// An object's annotations may have 256 KiB in total, and a leader whose Lease is refused loses it.
const longestObservedBytes = 64 * 1024;
const slowestPollMs = 2_000;
const releaseMs = 3_000;

/**
 * A replica's part in electing a leader with a Lease. It leads whenever it is elected.
 *
 * A leader renews after a third of the lease duration. It gives up leading if it could not renew for two thirds of it,
 * counted from the start of the last successful renewal. Another replica takes over after the whole duration at the
 * earliest, so a `lead` that returns in time is alone. Waiting replicas look at least every two seconds. Nothing depends on
 * how the replicas' dates compare.
 */
export class Election {
  readonly #options: ElectionOptions;
  readonly #leaseMs: number;
  readonly #lock: LeaseLock;
  /** The last leader that was logged. */
  #leader = '';
  #complaint = '';
  #saidTooLong = false;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseSeconds * 1000;
    this.#lock = new LeaseLock({ ...options, observed: () => this.#boundedObserved() });
  }

  /**
   * Takes part until the signal aborts. Resolves when `lead` has returned and the Lease was given up; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, sleep } = this.#options;
    const pollMs = Math.min(slowestPollMs, this.#leaseMs / 8);
    metrics.setLeader(false);
    while (!isAborted(signal)) {
      let waitMs = pollMs;
      try {
        const attempt = await this.#attempt(this.#leaseMs / 3, signal);
        if (attempt.held === true) await this.#term(attempt.sinceMs, signal);
        else if (attempt.held === false) waitMs = this.#follow(attempt, pollMs);
      } catch (error) {
        if (!isAborted(signal)) this.#complain(error);
      }
      if (!isAborted(signal)) await sleep(this.#jittered(waitMs), signal);
    }
  }

  /** @returns after how many milliseconds to look again while another one leads */
  #follow({ holder, freeAtMs }: Extract<Attempt, { held: false }>, pollMs: number): number {
    const { log, clock } = this.#options;
    if (holder !== this.#leader) log.info({ leader: holder }, 'another replica leads');
    this.#leader = holder;
    return Math.min(pollMs, Math.max(freeAtMs - clock.monotonicMs(), 0) + pollMs / 10);
  }

  /** Leads after an acquisition, until leading ends and `lead` has returned. */
  async #term(sinceMs: number, signal: AbortSignal): Promise<void> {
    const { identity, log, metrics, clock } = this.#options;
    this.#leader = identity;
    const { over, end } = endingWith(signal);
    metrics.setLeader(true);
    log.info({ identity }, 'this replica leads');
    const leading = this.#lead(over);
    const renewedMs = await this.#keepLease(sinceMs, over.signal);
    end();
    metrics.setLeader(false);
    if (renewedMs === undefined) log.warn({ identity }, 'this replica leads no longer: the Lease was lost');
    // Work that still runs may write, so the Lease is released only after it ends.
    await leading;
    if (renewedMs === undefined || clock.monotonicMs() - renewedMs > this.#leaseMs) this.#lock.forget();
    else await this.#release();
  }

  /** Never rejects. The term ends when it returns. */
  async #lead(over: AbortController): Promise<void> {
    const { lead, log } = this.#options;
    try {
      await lead(over.signal);
      if (!over.signal.aborted) log.error('the leader’s work ended by itself; leading is given up');
    } catch (error) {
      log.error({ err: error }, 'the leader’s work failed; leading is given up');
    }
    over.abort();
  }

  /**
   * Renews until the signal aborts.
   * @returns when the last renewal began; `undefined` if the Lease was lost
   */
  async #keepLease(sinceMs: number, signal: AbortSignal): Promise<number | undefined> {
    const { clock, random, sleep } = this.#options;
    let lostAtMs = sinceMs + (2 * this.#leaseMs) / 3;
    let renewedMs = sinceMs;
    let waitMs = this.#leaseMs / 3 - (clock.monotonicMs() - sinceMs);
    for (;;) {
      await sleep(Math.max(0, Math.min(waitMs, lostAtMs - clock.monotonicMs())), signal);
      if (isAborted(signal)) return renewedMs;
      const leftMs = lostAtMs - clock.monotonicMs();
      if (leftMs <= 0) return undefined;
      try {
        const attempt = await this.#attempt(leftMs, signal);
        if (attempt.held === 'unfit') return renewedMs;
        if (!attempt.held) return undefined;
        renewedMs = attempt.sinceMs;
        lostAtMs = renewedMs + (2 * this.#leaseMs) / 3;
        waitMs = (this.#leaseMs / 3) * (1 - 0.1 * random());
      } catch (error) {
        if (isAborted(signal)) return renewedMs;
        this.#complain(error);
        waitMs = this.#jittered(this.#leaseMs / 15);
      }
    }
  }

  async #release(): Promise<void> {
    const { identity, log, sleep } = this.#options;
    const limit = new AbortController();
    const timer = sleep(releaseMs, limit.signal).then(() => limit.abort());
    try {
      await this.#lock.release(limit.signal);
      log.info({ identity }, 'the Lease was given up');
    } catch (error) {
      log.warn({ err: error }, 'the Lease cannot be given up; others wait until it ends');
    }
    limit.abort();
    await timer;
  }

  /** One attempt. It ends when its time is over, whatever the client does. */
  async #attempt(limitMs: number, signal: AbortSignal): Promise<Attempt> {
    const { over, end } = endingWith(signal);
    const late = this.#options.sleep(limitMs, over.signal).then(() => {
      over.abort();
      throw new Error('the API server did not answer in time');
    });
    try {
      const attempt = await Promise.race([this.#lock.attempt(over.signal), late]);
      this.#complaint = '';
      return attempt;
    } finally {
      end();
    }
  }

  #complain(error: unknown): void {
    const { log } = this.#options;
    if (isApiError(error, 'Conflict', 'AlreadyExists')) {
      log.debug({ err: error }, 'another replica wrote the Lease first; looked at again');
      return;
    }
    const { message } = asError(error);
    log[message === this.#complaint ? 'debug' : 'warn'](
      { err: error },
      'the Lease cannot be read or written; tried again',
    );
    this.#complaint = message;
  }

  #boundedObserved(): string | undefined {
    const { observed, log } = this.#options;
    const text = observed?.();
    if (text === undefined || Buffer.byteLength(text) <= longestObservedBytes) return text;
    const { length } = text;
    if (!this.#saidTooLong) log.warn({ length }, 'what the leader observed is too long for the Lease; left out');
    this.#saidTooLong = true;
    return undefined;
  }

  /** Up to a fifth longer, and never shorter. */
  #jittered(ms: number): number {
    return ms * (1 + 0.2 * this.#options.random());
  }
}
