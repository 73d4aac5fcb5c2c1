import type { Clock } from '../../time/clock.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { createLeaseLock, type LeaseLock } from './lock.js';
import { sleepByTimer, type Timing } from '../../time/sleep.js';

/** What an election is made of. */
export interface ElectionOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** This replica's name in the Lease. */
  readonly identity: string;
  /** How long after its last sign of life a leader is taken for gone. */
  readonly leaseSeconds: number;
  /**
   * What the leader does. Started when leading begins; has to return soon after its signal aborts, which it does when
   * leading ends. It is never run twice at a time.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** What the leader last observed, JSON; written on the Lease with each renewal. `undefined`: nothing new to say. */
  readonly observed?: () => string | undefined;
  /** Ends the election; the Lease is given up once `lead` has returned. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setLeader'>;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly sleep?: Timing['sleep'];
}

// An object's annotations may have 256 KiB together, and a Lease that is refused is a Lease that is lost.
const longestObservedBytes = 64 * 1024;
const slowestPollMs = 2_000;
const releaseMs = 3_000;

/**
 * Takes part in the election of a leader by a Lease until the signal aborts, and leads whenever it is elected. Resolves
 * when `lead` has returned and the Lease was given up; never rejects.
 *
 * A leader renews at a third of the lease, and gives up leading when it could not for two thirds of it, counted from
 * the start of the last renewal that worked: another one takes over after the whole lease at the earliest, so that a
 * `lead` that returns in time is alone. Those who wait look every two seconds at the latest. Nothing depends on how the
 * replicas' dates compare.
 */
export async function runElection(options: ElectionOptions): Promise<void> {
  const { identity, leaseSeconds, signal, log, metrics, clock, random } = options;
  const sleep = options.sleep ?? sleepByTimer;
  const leaseMs = leaseSeconds * 1000;
  const pollMs = Math.min(slowestPollMs, leaseMs / 8);
  const lock = createLeaseLock({ ...options, observed: boundedObserved(options) });
  const jittered = (ms: number): number => ms * (1 + 0.2 * random());
  const ended = (): boolean => signal.aborted;
  let complaint = '';
  const complain = (error: unknown): void => {
    if (isApiError(error, 'Conflict', 'AlreadyExists')) {
      log.debug({ err: error }, 'another replica wrote the Lease first; looked at again');
      return;
    }
    const text = error instanceof Error ? error.message : String(error);
    log[text === complaint ? 'debug' : 'warn']({ err: error }, 'the Lease cannot be read or written; tried again');
    complaint = text;
  };

  metrics.setLeader(false);
  let leader = '';
  while (!ended()) {
    let waitMs = pollMs;
    try {
      const attempt = await limited(lock, leaseMs / 3, signal, sleep);
      complaint = '';
      if (attempt.held) {
        leader = identity;
        await term(attempt.sinceMs);
      } else {
        if (attempt.holder !== leader) log.info({ leader: attempt.holder }, 'another replica leads');
        leader = attempt.holder;
        waitMs = Math.min(pollMs, Math.max(attempt.freeAtMs - clock.monotonicMs(), 0) + pollMs / 10);
      }
    } catch (error) {
      if (!ended()) complain(error);
    }
    if (!ended()) await sleep(jittered(waitMs), signal);
  }

  /** Leads from an acquisition on, until leading ends and `lead` has returned. */
  async function term(sinceMs: number): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    metrics.setLeader(true);
    log.info({ identity }, 'this replica leads');
    const leading = run(over);
    const renewedMs = await keep(sinceMs, over.signal);
    stop();
    signal.removeEventListener('abort', stop);
    metrics.setLeader(false);
    if (renewedMs === undefined) log.warn({ identity }, 'this replica leads no longer: the Lease was lost');
    // What still runs may write: the Lease is given to others only after it.
    await leading;
    if (renewedMs === undefined || clock.monotonicMs() - renewedMs > leaseMs) lock.forget();
    else await release();
  }

  /** Never rejects, and ends the term when it is over. */
  async function run(over: AbortController): Promise<void> {
    try {
      await options.lead(over.signal);
      if (!over.signal.aborted) log.error('the leader’s work ended by itself; leading is given up');
    } catch (error) {
      log.error({ err: error }, 'the leader’s work failed; leading is given up');
    }
    over.abort();
  }

  /**
   * Renews until the signal aborts.
   * @returns when the last renewal began; `undefined` when the Lease was lost
   */
  async function keep(sinceMs: number, over: AbortSignal): Promise<number | undefined> {
    const isOver = (): boolean => over.aborted;
    const deadlineMs = (2 * leaseMs) / 3;
    let renewedMs = sinceMs;
    let waitMs = leaseMs / 3 - (clock.monotonicMs() - sinceMs);
    for (;;) {
      await sleep(Math.max(0, Math.min(waitMs, renewedMs + deadlineMs - clock.monotonicMs())), over);
      if (isOver()) return renewedMs;
      const leftMs = renewedMs + deadlineMs - clock.monotonicMs();
      if (leftMs <= 0) return undefined;
      try {
        const attempt = await limited(lock, leftMs, over, sleep);
        complaint = '';
        if (!attempt.held) return undefined;
        renewedMs = attempt.sinceMs;
        waitMs = (leaseMs / 3) * (1 - 0.1 * random());
      } catch (error) {
        if (isOver()) return renewedMs;
        complain(error);
        waitMs = jittered(leaseMs / 15);
      }
    }
  }

  async function release(): Promise<void> {
    const limit = new AbortController();
    const timer = sleep(releaseMs, limit.signal).then(() => limit.abort());
    try {
      await lock.release(limit.signal);
      log.info({ identity }, 'the Lease was given up');
    } catch (error) {
      log.warn({ err: error }, 'the Lease cannot be given up; others wait until it ends');
    }
    limit.abort();
    await timer;
  }
}

/** One attempt that ends when its time is over, whatever the client does. */
async function limited(
  lock: LeaseLock,
  limitMs: number,
  signal: AbortSignal,
  sleep: Timing['sleep'],
): Promise<Awaited<ReturnType<LeaseLock['attempt']>>> {
  const limit = new AbortController();
  const stop = (): void => limit.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const late = sleep(limitMs, limit.signal).then(() => {
    limit.abort();
    throw new Error('the API server did not answer in time');
  });
  try {
    return await Promise.race([lock.attempt(limit.signal), late]);
  } finally {
    signal.removeEventListener('abort', stop);
    limit.abort();
  }
}

function boundedObserved({ observed, log }: ElectionOptions): () => string | undefined {
  let complained = false;
  return () => {
    const text = observed?.();
    if (text === undefined || Buffer.byteLength(text) <= longestObservedBytes) return text;
    if (!complained) log.warn({ length: text.length }, 'what the leader observed is too long for the Lease; left out');
    complained = true;
    return undefined;
  };
}
