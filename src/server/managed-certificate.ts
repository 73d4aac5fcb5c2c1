import type { ManagedCertificate } from '../cluster/certificates/managed.js';
import type { TlsPair } from '../tls/pair.js';
import type { CertificateSource } from './sources.js';

/**
 * The certificate that the leader keeps in a Secret. Waits until there is one.
 * @param managed opened with a signal that ends with the service at the latest
 */
export function certificateFromSecret(
  managed: Pick<ManagedCertificate, 'first' | 'current' | 'onPair'>,
): CertificateSource {
  return async ({ logger, metrics }) => {
    logger.info('the certificate of the Secret is waited for');
    const pair = await managed.first();
    return {
      pair,
      caBundle: undefined,
      watch: (onPair) => {
        const serve = (next: TlsPair): void => {
          onPair(next);
          metrics.countCertificateReload('success');
          logger.info({ names: next.names, notAfter: next.notAfter }, 'a new certificate is served');
        };
        managed.onPair(serve);
        // It may have changed since the first one was taken.
        const now = managed.current();
        if (now !== undefined && now.fingerprint !== pair.fingerprint) serve(now);
        return Promise.resolve();
      },
    };
  };
}
