import type { Clock } from '../../time/clock.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { isApiError } from '../client/api-error.js';
import type { Follow } from './follow.js';
import type { PolicyRegistration } from './outcome.js';
import { Reconciler, type PortChoice, type ReconcilerOptions, type Told } from './reconciler.js';
import { configurationResources } from './webhook-configuration.js';

/** The inputs of the registration, and how it learns of changes. */
export interface RegistrationOptions extends ReconcilerOptions, Timing {
  readonly clock: Clock;
  readonly follow: Follow;
  /** Called after each look at the configurations, when results or the confirmed bundle may have changed. */
  readonly onOutcome?: () => void;
}

/** The authorities that the API server has been told to trust. */
export interface ConfirmedBundle {
  readonly caBundle: string;
  /** Since when that is known, on the monotonic clock. */
  readonly sinceMs: number;
}

/** The key whose tokens every entry of both configurations carries, as read back. */
export interface ConfirmedPort extends PortChoice {
  /** Since when that is known, on the monotonic clock. */
  readonly sinceMs: number;
}

const gatherMs = 50;
/** How often to look without a notification, as a safety net. */
const resyncMs = 60_000;

/** The webhook configurations, kept as the policies want them. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #wake: Wake;
  #results: ReadonlyMap<string, PolicyRegistration> = new Map();
  #confirmed: ConfirmedBundle | undefined;
  #port: ConfirmedPort | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Call this when policies, bundle or certificates may have changed. Can be passed on as it is. */
  readonly poke = (): void => this.#wake.poke();

  /** By policy name; only while this replica leads. */
  results(): ReadonlyMap<string, PolicyRegistration> {
    return this.#results;
  }

  /**
   * The bundle that is in every entry of both configurations, as read back. During a pause there are no entries, so it is
   * the wanted bundle. `undefined` while not leading, or if entries differ.
   */
  confirmedBundle(): ConfirmedBundle | undefined {
    return this.#confirmed;
  }

  /** How the API server calls the webhook; `undefined` while not leading, or if entries differ. */
  confirmedPort(): ConfirmedPort | undefined {
    return this.#port;
  }

  /** Runs on the leader. Resolves soon after the signal aborts; never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const reconciler = new Reconciler(this.#options, signal, (results, told) => this.#take(results, told));
    this.#followConfigurations(signal);
    const unsubscribe = this.#options.pause.onChange(this.poke);
    let failures = 0;
    while (!isAborted(signal)) {
      let waitMs = resyncMs;
      try {
        waitMs = Math.min(resyncMs, await reconciler.look());
        failures = 0;
      } catch (error) {
        failures += 1;
        waitMs = backOffMs(failures, this.#options.random, error);
        if (!isAborted(signal)) this.#complain(error, waitMs);
      }
      await this.#wake.sleep(waitMs, signal, gatherMs);
    }
    unsubscribe();
    this.#results = new Map();
    this.#confirmed = undefined;
    this.#port = undefined;
  }

  #followConfigurations(signal: AbortSignal): void {
    const { follow, installation } = this.#options;
    for (const resource of Object.values(configurationResources)) {
      follow({ resource, name: installation.instance }, this.poke, signal);
    }
  }

  #take(results: ReadonlyMap<string, PolicyRegistration>, { caBundle, port }: Told): void {
    const { clock, onOutcome } = this.#options;
    this.#results = results;
    if (caBundle !== this.#confirmed?.caBundle) {
      this.#confirmed = caBundle === undefined ? undefined : { caBundle, sinceMs: clock.monotonicMs() };
    }
    if (port === undefined) this.#port = undefined;
    else if (this.#port === undefined || port.key !== this.#port.key) {
      this.#port = { key: port.key, sinceMs: clock.monotonicMs() };
    }
    onOutcome?.();
  }

  #complain(error: unknown, waitMs: number): void {
    this.#options.log[isApiError(error, 'Conflict') ? 'debug' : 'warn'](
      { err: error, waitMs: Math.round(waitMs) },
      'the webhook configurations are not as they should be; tried again',
    );
  }
}
