import { objectOf, type JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { isApiError } from '../client/api-error.js';
import type { CheckedClock } from '../client/server-clock.js';
import { contentsOf, dataOf, noContents, standingOf, withHeld, type Contents, type Held } from './contents.js';
import { perform } from './perform.js';
import { planRotation, type Plan, type RotationTerms, type Standing } from './rotation.js';
import { obstacleOf, readSecret, writeSecret, type SecretClient, type SecretPlace } from './secret.js';
import { TrustedSince } from './trusted-since.js';

/** What the leader needs to rotate the certificates. */
export interface RotatorOptions extends Timing {
  readonly clock: CheckedClock;
  readonly client: SecretClient;
  readonly secret: SecretPlace;
  /** DNS names and addresses of the certificate. */
  readonly names: readonly string[];
  readonly rules: RotationTerms;
  /** What this replica serves. */
  readonly held: () => Held | undefined;
  /** The bundle that is known to be in the webhook configurations, PEM; `undefined`: none is. */
  readonly confirmedBundle: () => string | undefined;
  readonly log: Logger;
}

/** The Secret as it was seen, and what to do about it. */
interface Look {
  readonly secret: JsonObject | undefined;
  readonly contents: Contents;
  readonly standing: Standing;
  readonly plan: Plan;
}

const longestIdleMs = 60_000;
const longestBackOffMs = 60_000;

/**
 * The leader's part that keeps the certificates in their Secret, for one term. It decides by what is there, writes with the
 * Secret's resourceVersion, and looks again. Two of them at once do no harm. The API server's date decides what has expired.
 * While this machine's date is far from it, nothing is issued and nothing is removed.
 */
export class CertificateRotator {
  readonly #options: RotatorOptions;
  readonly #wake: Wake;
  readonly #trusted: TrustedSince;
  readonly #tickMs: number;
  #complaint = '';

  constructor(options: RotatorOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
    this.#trusted = new TrustedSince(options.confirmedBundle, options.clock);
    this.#tickMs = Math.min(1_000, options.rules.overlapMs / 5);
  }

  /** Call this after each change of the Secret. */
  readonly changed = (): void => this.#wake.poke();

  /** Ends when the signal aborts, and never rejects for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, sleep } = this.#options;
    let inARow = 0;
    while (!isAborted(signal)) {
      this.#trusted.sample();
      const idle = await this.#step(signal);
      if (idle !== undefined) {
        inARow = 0;
        await this.#idle(idle, signal);
        continue;
      }
      // Look again after a write. The pause avoids a race with anything that undoes each write.
      inARow++;
      await sleep(backOffMs(inARow, random, undefined, { longestMs: longestBackOffMs }), signal);
    }
  }

  /** Looks, and performs one step. @returns what was seen, if there is nothing to do */
  async #step(signal: AbortSignal): Promise<Look | undefined> {
    try {
      const look = await this.#look(signal);
      if (look.plan.step !== 'none') await this.#carryOut(look, signal);
      else {
        this.#complaint = '';
        return look;
      }
    } catch (error) {
      if (!isAborted(signal)) this.#failed(error);
    }
    return undefined;
  }

  async #look(signal: AbortSignal): Promise<Look> {
    const { client, secret: place, names, rules, clock } = this.#options;
    const secret = await readSecret(client, place, signal);
    const held = this.#options.held();
    const contents = withHeld(secret === undefined ? noContents : contentsOf(secret), held);
    const standing = standingOf(contents, held, names);
    const plan = planRotation(standing, clock.wallMs(), rules, (id) => this.#trusted.forMs(id));
    // The answer has just given the API server's date.
    if (!clock.agrees()) return { secret, contents, standing, plan: { ...plan, step: 'none' } };
    const obstacle = secret === undefined ? undefined : obstacleOf(secret);
    const problems = obstacle === undefined ? contents.problems : [...contents.problems, obstacle];
    if (problems.length === 0) return { secret, contents, standing, plan };
    const text = 'the certificate’s Secret was edited and cannot be used as it is; it is made again';
    this.#complain(text, { ...place, problems });
    return { secret, contents, standing, plan: plan.step === 'none' ? { ...plan, ...tidying } : plan };
  }

  async #carryOut({ secret, contents, plan }: Look, signal: AbortSignal): Promise<void> {
    const { client, secret: place, names, rules, clock, log } = this.#options;
    const nowMs = clock.wallMs();
    const authorityName = `${place.name} ${new Date(nowMs).toISOString()}`;
    const earliestNowMs = clock.earlierMs();
    const next = await perform(plan, contents, { names, rules, nowMs, earliestNowMs, authorityName });
    if (next === undefined || isAborted(signal) || !clock.agrees()) return;
    await writeSecret(client, place, secret, dataOf(next, objectOf(secret?.['data']) ?? {}), signal);
    log[plan.step === 'begin' ? 'warn' : 'info'](
      { ...place, step: plan.step, why: plan.why, names, notAfter: next.leaf?.notAfter },
      messages[plan.step],
    );
  }

  /** Waits until something is due, the Secret changed, or the next authority has been trusted for long enough. */
  async #idle({ plan, standing: { next } }: Look, signal: AbortSignal): Promise<void> {
    const { clock, rules } = this.#options;
    // At most a minute, because the date may be set meanwhile.
    const idleMs = Math.max(this.#tickMs, Math.min(plan.lookAgainMs - clock.wallMs(), longestIdleMs));
    const untilMs = clock.monotonicMs() + idleMs;
    while (clock.monotonicMs() < untilMs) {
      const leftMs = untilMs - clock.monotonicMs();
      const changed = await this.#wake.sleep(next === undefined ? leftMs : Math.min(leftMs, this.#tickMs), signal);
      if (changed || isAborted(signal)) return;
      this.#trusted.sample();
      if (next !== undefined && (this.#trusted.forMs(next) ?? -1) >= rules.overlapMs) return;
    }
  }

  #failed(error: unknown): void {
    const { log, secret } = this.#options;
    if (isApiError(error, 'Conflict', 'AlreadyExists')) log.debug({ err: error }, 'the Secret was changed meanwhile');
    else this.#complain('the certificate’s Secret cannot be kept; tried again', { err: error, ...secret });
  }

  /** A repeated complaint is only logged at `debug`. */
  #complain(text: string, about: object): void {
    this.#options.log[text === this.#complaint ? 'debug' : 'error'](about, text);
    this.#complaint = text;
  }
}

const tidying = { step: 'retire', why: 'the Secret has to be put right' } as const;

const messages: Readonly<Record<Plan['step'], string>> = {
  none: '',
  begin: 'a new authority and certificate were made',
  introduce: 'a new authority was made; it signs once it has been trusted for long enough',
  promote: 'the new authority signs from now on; a certificate of it was made',
  renew: 'a new certificate was made',
  retire: 'the Secret was tidied: authorities that have ended are no longer trusted',
};
