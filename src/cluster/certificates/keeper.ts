import { backOffMs } from '../back-off.js';
import type { Clock } from '../../time/clock.js';
import { objectOf } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { isApiError } from '../client/api-error.js';
import { contentsOf, dataOf, noContents, standingOf, withHeld, type Held } from './contents.js';
import { perform } from './perform.js';
import { planRotation, type Plan, type Rules, type Standing } from './rotation.js';
import { obstacleOf, readSecret, writeSecret, type SecretClient, type SecretPlace } from './secret.js';
import { createTrust } from './trust.js';

/** What the leader keeps the certificates with. */
export interface KeeperOptions {
  readonly client: SecretClient;
  readonly secret: SecretPlace;
  /** DNS names and addresses of the certificate. */
  readonly names: readonly string[];
  readonly rules: Rules;
  /** What this replica serves. */
  readonly held: () => Held | undefined;
  /** The bundle that is known to stand in the webhook configurations, PEM; `undefined`: none is. */
  readonly confirmedBundle: () => string | undefined;
  /** Calls back after each change of the Secret that somebody heard of. */
  readonly onChange: (listener: () => void) => void;
  readonly log: Logger;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const longestIdleMs = 60_000;
const longestBackOffMs = 60_000;

/**
 * Makes the part of the leader that keeps the certificates in their Secret. It decides on what stands there, writes
 * with the Secret's resourceVersion, and looks again; two of them at once do no harm. It ends when its signal aborts
 * and never rejects for what an API server does.
 */
export function createCertificateKeeper(options: KeeperOptions): (signal: AbortSignal) => Promise<void> {
  const { client, secret: place, names, rules, log, clock, random, sleep } = options;
  const tickMs = Math.min(1_000, rules.overlapMs / 5);
  let wake = (): void => undefined;
  options.onChange(() => wake());

  return async (signal) => {
    const ended = (): boolean => signal.aborted;
    const trust = createTrust(options.confirmedBundle, clock);
    let complaint = '';
    let inARow = 0;
    const complain = (text: string, about: object): void => {
      log[text === complaint ? 'debug' : 'error'](about, text);
      complaint = text;
    };
    while (!ended()) {
      trust.sample();
      try {
        const { plan, standing } = await look();
        if (plan.step === 'none') {
          inARow = 0;
          complaint = '';
          await idle(plan, standing);
          continue;
        }
      } catch (error) {
        if (ended()) return;
        if (isApiError(error, 'Conflict', 'AlreadyExists'))
          log.debug({ err: error }, 'the Secret was changed meanwhile');
        else complain('the certificate’s Secret cannot be kept; tried again', { err: error, ...place });
      }
      // A write is followed by another look; something that undoes it each time must not be raced with.
      inARow++;
      await sleep(backOffMs(inARow, random, undefined, { longestMs: longestBackOffMs }), signal);
    }

    /** Reads, decides, and carries out. */
    async function look(): Promise<{ readonly plan: Plan; readonly standing: Standing }> {
      const secret = await readSecret(client, place, signal);
      const held = options.held();
      const obstacle = secret === undefined ? undefined : obstacleOf(secret);
      const contents = withHeld(secret === undefined ? noContents : contentsOf(secret), held);
      const nowMs = clock.wallMs();
      const standing = standingOf(contents, held, names);
      const found = planRotation(standing, nowMs, rules, (id) => trust.forMs(id));
      const { problems } = contents;
      const plan: Plan =
        found.step === 'none' && (problems.length > 0 || obstacle !== undefined)
          ? { ...found, step: 'retire', why: 'the Secret has to be put right' }
          : found;
      if (problems.length > 0 || obstacle !== undefined) {
        const about = { ...place, problems: obstacle === undefined ? problems : [...problems, obstacle] };
        complain('the certificate’s Secret was edited and cannot be used as it is; it is made anew', about);
      }
      if (plan.step === 'none') return { plan, standing };
      const authorityName = `${place.name} ${new Date(nowMs).toISOString()}`;
      const next = await perform(plan, contents, { names, rules, nowMs, authorityName });
      if (next === undefined || ended()) return { plan, standing };
      await writeSecret(client, place, secret, dataOf(next, objectOf(secret?.['data']) ?? {}), signal);
      log[plan.step === 'begin' ? 'warn' : 'info'](
        { ...place, step: plan.step, why: plan.why, names, notAfter: next.leaf?.notAfter },
        messages[plan.step],
      );
      return { plan, standing };
    }

    /** Waits until something is due, the Secret changed, or the next authority has been trusted for long enough. */
    async function idle(plan: Plan, { next }: Standing): Promise<void> {
      const over = new AbortController();
      const stop = (): void => over.abort();
      wake = stop;
      signal.addEventListener('abort', stop, { once: true });
      if (ended()) stop();
      // No longer than a minute: the date may be set meanwhile.
      const untilMs =
        clock.monotonicMs() + Math.max(tickMs, Math.min(plan.lookAgainMs - clock.wallMs(), longestIdleMs));
      while (!over.signal.aborted && clock.monotonicMs() < untilMs) {
        const leftMs = untilMs - clock.monotonicMs();
        await sleep(next === undefined ? leftMs : Math.min(leftMs, tickMs), over.signal);
        trust.sample();
        if (next !== undefined && (trust.forMs(next) ?? -1) >= rules.overlapMs) break;
      }
      signal.removeEventListener('abort', stop);
      wake = () => undefined;
    }
  };
}

const messages: Readonly<Record<Plan['step'], string>> = {
  none: '',
  begin: 'a new authority and certificate were made',
  introduce: 'a new authority was made; it signs once it has been trusted for long enough',
  promote: 'the new authority signs from now on; a certificate of it was made',
  renew: 'a new certificate was made',
  retire: 'the Secret was tidied: authorities that have ended are no longer trusted',
};
