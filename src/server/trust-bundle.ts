import type { X509Certificate } from 'node:crypto';
import { authorityIn, bundleOf } from '../tls/bundle.js';
import type { Logger } from '../observe/logger.js';
import type { TlsPair } from '../tls/pair.js';
import { openAuthoritiesFile } from './authorities-file.js';
import type { CertificateSource } from './sources.js';

/** What the API server should trust, so that it accepts the served certificate. */
export interface TrustBundle {
  /** PEM; empty while it is not known, and where the API server's own roots are to be used. */
  bundle(): string;
  /** Calls the listener after each change. */
  onBundle(listener: () => void): void;
}

/** The current bundle. Of a chain whose authority changes, the old one stays next to it while it is valid. */
class KeptBundle implements TrustBundle {
  readonly #listeners: (() => void)[] = [];
  readonly #nowMs: () => number;
  #bundle = '';
  #authority: X509Certificate | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  bundle(): string {
    return this.#bundle;
  }

  onBundle(listener: () => void): void {
    this.#listeners.push(listener);
  }

  set(next: string): void {
    if (next === this.#bundle) return;
    this.#bundle = next;
    for (const listener of this.#listeners) listener();
  }

  /** Takes the authority out of the served chain. */
  follow({ certPem, names }: TlsPair, logger: Logger): void {
    const next = authorityIn(certPem);
    if (next === undefined) {
      logger.warn(
        { names },
        'the certificate’s chain has no authority: the API server has to know it; else give --ca-bundle',
      );
    }
    const last = this.#authority;
    const before = last !== undefined && Date.parse(last.validTo) > this.#nowMs() ? [last] : [];
    const others = before.filter(({ fingerprint256 }) => fingerprint256 !== next?.fingerprint256);
    this.#authority = next;
    this.set(next === undefined ? '' : bundleOf([next, ...others]));
  }
}

/**
 * Adds to a source of certificates what the API server has to trust: the file of `--ca-bundle`, else the authority of
 * development, else the authority in the certificate's own chain. Of a chain whose authority changes, the old one stays
 * next to it while it is valid: other replicas may still serve a certificate of it.
 * @param nowMs the date by which the certificate is judged
 */
export function withTrustBundle(
  source: CertificateSource,
  nowMs: () => number,
): {
  readonly certificates: CertificateSource;
  readonly trust: TrustBundle;
} {
  const kept = new KeptBundle(nowMs);
  const certificates: CertificateSource = async (context) => {
    const { settings, logger } = context;
    const opened = await source(context);
    if (settings.caBundle !== '') {
      const file = await openAuthoritiesFile(settings.caBundle, '--ca-bundle', context);
      kept.set(file.pem);
      return {
        ...opened,
        watch: async (onPair) => {
          await opened.watch(onPair);
          await file.watch((pem) => kept.set(pem));
        },
      };
    }
    if (opened.caBundle !== undefined) {
      kept.set(Buffer.from(opened.caBundle, 'base64').toString());
      return opened;
    }
    kept.follow(opened.pair, logger);
    return {
      ...opened,
      watch: (onPair) =>
        opened.watch((pair) => {
          kept.follow(pair, logger);
          onPair(pair);
        }),
    };
  };
  return { certificates, trust: kept };
}
