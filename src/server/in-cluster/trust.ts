import type { ApiClient } from '../../cluster/client/api-client.js';
import { ManagedCertificate } from '../../cluster/certificates/managed.js';
import { certificateNames } from '../../cluster/certificates/certificate-names.js';
import type { CheckedClock } from '../../cluster/client/server-clock.js';
import type { Registration } from '../../cluster/registration/registration.js';
import type { Timing } from '../../time/sleep.js';
import type { Settings } from '../../settings/table.js';
import type { ClusterMetrics, WatchedKind } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { certificateFromFilesBy } from '../certificates.js';
import { certificateFromSecret } from '../managed-certificate.js';
import type { CertificateSource } from '../sources.js';
import { withTrustBundle, type TrustBundle } from '../trust-bundle.js';

/** The served certificate, and what the API server is told to trust because of it. */
export interface Trust {
  readonly source: CertificateSource;
  /** Base64 of the authorities' PEM, for webhook configurations; `undefined` while it is not known. */
  caBundle(): string | undefined;
  onBundle(listener: () => void): void;
  /** The leader's task for it. */
  lead(signal: AbortSignal): Promise<void>;
  /** Seconds since the API server last answered about the certificate, if that is kept in the API server. */
  staleness(): ReadonlyMap<WatchedKind, number>;
}

/** The settings of a self-managed certificate. */
export type ManagedTrustSettings = Pick<
  Settings,
  | 'instance'
  | 'ownNamespace'
  | 'webhookService'
  | 'webhookUrl'
  | 'leafLifetimeMinutes'
  | 'caLifetimeMinutes'
  | 'caOverlapSeconds'
  | 'relistMinutes'
>;

/** What is needed to make a self-managed certificate. */
export interface TrustOptions {
  readonly settings: ManagedTrustSettings;
  readonly client: ApiClient;
  readonly timing: Timing & { readonly clock: CheckedClock };
  readonly logger: Logger;
  readonly metrics: ClusterMetrics;
  /** The bundle that is known to be in the webhook configurations. */
  readonly confirmed: () => ReturnType<Registration['confirmedBundle']>;
  readonly signal: AbortSignal;
}

/** A certificate from elsewhere: from cert-manager, from a file, or for development. */
export class GivenTrust implements Trust {
  readonly source: CertificateSource;
  readonly #trust: TrustBundle;
  #opened = false;

  /** @param nowMs the API server's date */
  constructor(nowMs: () => number) {
    const { certificates, trust } = withTrustBundle(certificateFromFilesBy(nowMs), nowMs);
    this.#trust = trust;
    this.source = async (context) => {
      const certificate = await certificates(context);
      this.#opened = true;
      return certificate;
    };
  }

  /** With an empty bundle, the API server uses the root certificates of its own machine. */
  caBundle(): string | undefined {
    return this.#opened ? Buffer.from(this.#trust.bundle(), 'utf8').toString('base64') : undefined;
  }

  onBundle(listener: () => void): void {
    this.#trust.onBundle(listener);
  }

  lead(): Promise<void> {
    return Promise.resolve();
  }

  staleness(): ReadonlyMap<WatchedKind, number> {
    return new Map();
  }
}

const minuteMs = 60_000;

/** A certificate of our own authority, kept in a Secret and renewed by the leader. */
export class ManagedTrust implements Trust {
  readonly source: CertificateSource;
  readonly #managed: ManagedCertificate;
  readonly #timing: Timing;

  constructor({ settings, client, timing, logger, metrics, confirmed, signal }: TrustOptions) {
    this.#timing = timing;
    this.#managed = new ManagedCertificate({
      client,
      ...timing,
      namespace: settings.ownNamespace,
      instance: settings.instance,
      names: certificateNames(settings),
      rules: {
        leafLifetimeMs: settings.leafLifetimeMinutes * minuteMs,
        authorityLifetimeMs: settings.caLifetimeMinutes * minuteMs,
        overlapMs: settings.caOverlapSeconds * 1000,
      },
      confirmedBundle: () => {
        const bundle = confirmed();
        return bundle === undefined ? undefined : Buffer.from(bundle.caBundle, 'base64').toString('utf8');
      },
      relistMs: settings.relistMinutes * minuteMs,
      log: logger,
      signal,
      onFailure: () => metrics.countWatchFailure('certificate'),
    });
    this.source = certificateFromSecret(this.#managed);
  }

  caBundle(): string | undefined {
    const pem = this.#managed.bundle();
    return pem === '' ? undefined : Buffer.from(pem, 'utf8').toString('base64');
  }

  onBundle(listener: () => void): void {
    this.#managed.onBundle(listener);
  }

  lead(signal: AbortSignal): Promise<void> {
    return this.#managed.lead(signal);
  }

  staleness(): ReadonlyMap<WatchedKind, number> {
    const sinceMs = this.#timing.clock.monotonicMs() - (this.#managed.lastContactMs ?? -Infinity);
    return new Map([['certificate', sinceMs / 1000]]);
  }
}
