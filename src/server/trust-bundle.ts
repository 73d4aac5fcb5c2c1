import type { X509Certificate } from 'node:crypto';
import { authorityIn, bundleOf } from '../tls/bundle.js';
import type { TlsPair } from '../tls/pair.js';
import { openAuthoritiesFile } from './authorities-file.js';
import type { CertificateSource } from './sources.js';

/** What the API server is to trust of the served certificate. */
export interface TrustBundle {
  /** PEM; empty while it is not known, and where the API server's own roots are to be used. */
  bundle(): string;
  /** Calls the listener after each change. */
  onBundle(listener: () => void): void;
}

/**
 * Adds to a source of certificates what the API server has to be told of them: the file of `--ca-bundle`, else the
 * authority of development, else the authority in the certificate's own chain. Of a chain whose authority changes, the
 * old one stays beside it while it is valid: other replicas may still serve a certificate of it.
 */
export function withTrustBundle(source: CertificateSource): {
  readonly certificates: CertificateSource;
  readonly trust: TrustBundle;
} {
  const listeners: (() => void)[] = [];
  let bundle = '';
  const set = (next: string): void => {
    if (next === bundle) return;
    bundle = next;
    for (const listener of listeners) listener();
  };
  const certificates: CertificateSource = async (context) => {
    const { settings, logger } = context;
    const opened = await source(context);
    if (settings.caBundle !== '') {
      const file = await openAuthoritiesFile(settings.caBundle, '--ca-bundle', context);
      set(file.pem);
      return {
        ...opened,
        watch: async (onPair) => {
          await opened.watch(onPair);
          await file.watch(set);
        },
      };
    }
    if (opened.caBundle !== undefined) {
      set(Buffer.from(opened.caBundle, 'base64').toString());
      return opened;
    }
    let current: X509Certificate | undefined;
    const follow = ({ certPem, names }: TlsPair): void => {
      const next = authorityIn(certPem);
      if (next === undefined) {
        logger.warn(
          { names },
          'the certificate’s chain has no authority: the API server has to know it; else give --ca-bundle',
        );
      }
      const before = current !== undefined && Date.parse(current.validTo) > Date.now() ? [current] : [];
      const others = before.filter(({ fingerprint256 }) => fingerprint256 !== next?.fingerprint256);
      current = next;
      set(next === undefined ? '' : bundleOf([next, ...others]));
    };
    follow(opened.pair);
    return {
      ...opened,
      watch: (onPair) =>
        opened.watch((pair) => {
          follow(pair);
          onPair(pair);
        }),
    };
  };
  return {
    certificates,
    trust: { bundle: () => bundle, onBundle: (listener) => void listeners.push(listener) },
  };
}
