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

/** What a self-managed certificate is opened with. */
export interface ManagedCertificateOptions extends Timing {
  /** Its date is the API server's, who judges the certificate. */
  readonly clock: CheckedClock;
  readonly client: ApiClient;
  /** Of the Secret. */
  readonly namespace: string;
  /** Name of the installation: the Secret is called `<instance>-certificate`. */
  readonly instance: string;
  /** DNS names and addresses of the certificate: see `certificateNames`. */
  readonly names: readonly string[];
  readonly rules: RotationTerms;
  /**
   * The bundle that is known to stand in the webhook configurations, PEM; `undefined` while none is. Asked often. Only
   * the leader's answer counts.
   */
  readonly confirmedBundle: () => string | undefined;
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch of the Secret. */
  readonly signal: AbortSignal;
  /** Told of each list or watch that failed and is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

// How soon a certificate is served that had not begun when it was heard of.
const waitMs = 10_000;

/** A certificate that is kept in a Secret and renews itself. Followed from when this is made; only `lead` writes. */
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
   * The first pair, as soon as the Secret holds one that is valid, however long that takes.
   * @throws `WaitEnded` when the signal aborts
   */
  async first(): Promise<TlsPair> {
    const held = this.#reader.held();
    if (held !== undefined) return held.pair;
    const pair = new Promise<TlsPair>((resolve) => this.#reader.onPair(resolve));
    return await unlessAborted(pair, this.#options.signal);
  }

  /** What is to be served now; `undefined` until the Secret held a pair. */
  current(): TlsPair | undefined {
    return this.#reader.held()?.pair;
  }

  /** Calls the listener with each pair from now on. */
  onPair(listener: (pair: TlsPair) => void): void {
    this.#reader.onPair(listener);
  }

  /** What the API server is to trust, PEM; empty until it is known. */
  bundle(): string {
    return this.#reader.bundle();
  }

  /** Calls the listener after each change of the bundle. */
  onBundle(listener: () => void): void {
    this.#reader.onBundle(listener);
  }

  /** What the leader does: keeps the Secret, until the signal aborts. */
  async lead(signal: AbortSignal): Promise<void> {
    // What this replica serves has to be known before anything is decided.
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

  /** What had not begun may have, meanwhile. */
  async #takeAgain(): Promise<void> {
    const { sleep, signal } = this.#options;
    while (!isAborted(signal)) {
      await sleep(waitMs, signal);
      if (this.#reader.waits && !isAborted(signal)) this.#take();
    }
  }
}
