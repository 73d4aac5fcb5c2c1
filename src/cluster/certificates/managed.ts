import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { TlsPair } from '../../tls/pair.js';
import { isAborted, unlessAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import type { CheckedClock } from '../client/server-clock.js';
import { Reflector } from '../watch/reflector.js';
import { CertificateReader } from './reader.js';
import type { RotationTerms } from './rotation.js';
import { CertificateRotator } from './rotator.js';

/** The options of a self-managed certificate. */
export interface ManagedCertificateOptions extends Timing {
  /** A clock with the API server's date, because the API server judges the certificate. */
  readonly clock: CheckedClock;
  readonly client: ApiClient;
  /** The Secret's namespace. */
  readonly namespace: string;
  /** Name of the installation: the Secret is called `<instance>-certificate`. */
  readonly instance: string;
  /** DNS names and addresses of the certificate: see `certificateNames`. */
  readonly names: readonly string[];
  readonly rules: RotationTerms;
  /**
   * Returns the bundle that is known to be in the webhook configurations, PEM; `undefined` while none is. Called often. Only
   * the leader's answer counts.
   */
  readonly confirmedBundle: () => string | undefined;
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch of the Secret. */
  readonly signal: AbortSignal;
  /** Called for each list or watch that failed and will be retried. */
  readonly onFailure?: (error: unknown) => void;
}

// How soon to try again to serve a certificate that was not valid yet when it was first seen.
const waitMs = 10_000;

/**
 * A certificate that is kept in a Secret and renews itself. Following the Secret starts when this is made. Only `lead`
 * writes.
 */
export class ManagedCertificate {
  readonly #options: ManagedCertificateOptions;
  readonly #name: string;
  readonly #reader: CertificateReader;
  readonly #reflector: Reflector<JsonObject>;
  #rotator: CertificateRotator | undefined;

  constructor(options: ManagedCertificateOptions) {
    this.#options = options;
    this.#name = `${options.instance}-certificate`;
    this.#reader = new CertificateReader(options);
    this.#reflector = new Reflector<JsonObject>({
      ...options,
      resource: resources.secrets,
      name: this.#name,
      pick: (secret) => secret,
      onChange: () => {
        this.#take();
        this.#rotator?.changed();
      },
    });
    void this.#takeAgain();
  }

  /** When the API server last said anything about the Secret, on the monotonic clock. */
  get lastContactMs(): number | undefined {
    return this.#reflector.lastContactMs;
  }

  /**
   * Resolves with the first pair as soon as the Secret holds a valid one, however long that takes.
   * @throws `WaitEnded` when the signal aborts
   */
  async first(): Promise<TlsPair> {
    const held = this.#reader.held();
    if (held !== undefined) return held.pair;
    const pair = new Promise<TlsPair>((resolve) => this.#reader.onPair(resolve));
    return await unlessAborted(pair, this.#options.signal);
  }

  /** The pair to serve now; `undefined` until the Secret has held one. */
  current(): TlsPair | undefined {
    return this.#reader.held()?.pair;
  }

  /** Calls the listener with each pair from now on. */
  onPair(listener: (pair: TlsPair) => void): void {
    this.#reader.onPair(listener);
  }

  /** What the API server should trust, PEM; empty until it is known. */
  bundle(): string {
    return this.#reader.bundle();
  }

  /** Calls the listener after each change of the bundle. */
  onBundle(listener: () => void): void {
    this.#reader.onBundle(listener);
  }

  /** The leader's task: maintains the Secret until the signal aborts. */
  async lead(signal: AbortSignal): Promise<void> {
    // What this replica serves must be known before anything is decided.
    await unlessAborted(this.#reflector.synced, signal).catch(() => undefined);
    const { namespace } = this.#options;
    this.#rotator = new CertificateRotator({
      ...this.#options,
      secret: { namespace, name: this.#name },
      held: () => this.#reader.held(),
    });
    await this.#rotator.run(signal);
  }

  #take(): void {
    this.#reader.take(this.#reflector.get(`${this.#options.namespace}/${this.#name}`));
  }

  /** A certificate that was not valid yet may be valid by now. */
  async #takeAgain(): Promise<void> {
    const { sleep, signal } = this.#options;
    while (!isAborted(signal)) {
      await sleep(waitMs, signal);
      if (this.#reader.waits && !isAborted(signal)) this.#take();
    }
  }
}
