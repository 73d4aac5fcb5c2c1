import type { ApiClient } from '../../cluster/client/api-client.js';
import { resources } from '../../cluster/client/resources.js';
import { PortKeeper, type PortKeeperOptions } from '../../cluster/port/port-keeper.js';
import { PortProof } from '../../cluster/port/port-proof.js';
import { followWithWatch } from '../../cluster/registration/follow.js';
import { configurationResources } from '../../cluster/registration/webhook-configuration.js';
import type { ObservedPort } from '../../model/observed.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Settings } from '../../settings/table.js';
import type { Timing } from '../../time/sleep.js';
import type { TlsPair } from '../../tls/pair.js';
import type { CallerProof } from '../proof.js';

/** The settings that the port's proof uses. */
export type PortSettings = Pick<
  Settings,
  'instance' | 'ownNamespace' | 'relistMinutes' | 'caOverlapSeconds' | 'clientCa'
>;

/** What is needed to follow the port's proof. */
export interface PortOptions {
  readonly settings: PortSettings;
  readonly watching: Timing & {
    readonly client: ApiClient;
    readonly log: Logger;
    readonly metrics: ClusterMetrics;
    readonly relistMs: number;
    readonly signal: AbortSignal;
  };
}

// An API server learns of its configurations within seconds.
const longestSettleMs = 60_000;

/**
 * How this replica distinguishes the API server from other callers, from when it is made, and, while it leads, how all
 * replicas do.
 */
export class Port {
  readonly proof: CallerProof;
  /** Resolves when the Secret and both configurations were looked at. */
  readonly known: Promise<void>;
  readonly #options: PortOptions;
  readonly #proof: PortProof;
  #keeper: PortKeeper | undefined;
  #certificate = '';

  constructor(options: PortOptions) {
    const { settings, watching } = options;
    this.#options = options;
    this.#proof = new PortProof(settings.instance);
    this.proof = this.#proof;
    this.known = this.#follow();
    this.#proof.onChange(() => this.poke());
    watching.metrics.watchProof(() => settings.clientCa !== '' || this.#proof.asks);
  }

  /** Hands over what the leader's part works with. */
  leads(parts: Pick<PortKeeperOptions, 'client' | 'confirmed' | 'onChoice'>): void {
    const { settings, watching } = this.#options;
    const overlapMs = settings.caOverlapSeconds * 1000;
    this.#keeper = new PortKeeper({
      ...watching,
      ...parts,
      instance: settings.instance,
      secret: this.#secret,
      terms: { overlapMs, settleMs: Math.min(overlapMs, longestSettleMs) },
      proof: this.#proof,
      certificate: () => this.#certificate,
    });
  }

  /** Call this when another certificate is served. It gets a new key. */
  certificate({ fingerprint }: TlsPair): void {
    this.#certificate = fingerprint;
    this.poke();
  }

  /** The key that the API server should use; `undefined` until that is decided. */
  choice(): ReturnType<PortKeeper['choice']> {
    return this.#keeper?.choice();
  }

  /** Call this when something that the leader uses may have changed. */
  poke(): void {
    this.#keeper?.poke();
  }

  /** What the leader does. */
  async lead(signal: AbortSignal): Promise<void> {
    await this.#keeper?.run(signal);
  }

  /** What the port requires, as far as this replica knows. */
  observed(): ObservedPort {
    if (this.#options.settings.clientCa !== '') return { proof: 'certificate' };
    if (this.#proof.asks) return { proof: 'token' };
    return { proof: 'none', ...(this.#keeper === undefined ? {} : { why: this.#keeper.why() }) };
  }

  get #secret(): { readonly namespace: string; readonly name: string } {
    const { instance, ownNamespace: namespace } = this.#options.settings;
    return { namespace, name: `${instance}-certificate` };
  }

  async #follow(): Promise<void> {
    const { settings, watching } = this.#options;
    const follow = followWithWatch({
      ...watching,
      onFailure: () => watching.metrics.countWatchFailure('registration'),
    });
    const first = (what: Parameters<typeof follow>[0], take: Parameters<typeof follow>[1]): Promise<void> =>
      new Promise((resolve) => {
        const heard: typeof take = (object) => {
          take(object);
          resolve();
        };
        follow(what, heard, watching.signal);
      });
    const { mutating, validating } = configurationResources;
    await Promise.all([
      first({ resource: resources.secrets, ...this.#secret }, (secret) => this.#proof.takeSecret(secret)),
      ...(
        [
          ['mutating', mutating],
          ['validating', validating],
        ] as const
      ).map(([kind, resource]) =>
        first({ resource, name: settings.instance }, (object) => this.#proof.takeConfiguration(kind, object)),
      ),
    ]);
  }
}
