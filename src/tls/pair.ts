import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { OutriderError } from '../model/error.js';

/** A certificate chain and its key, checked to belong together. */
export interface TlsPair {
  /** Chain, PEM, the server's own certificate first. */
  readonly certPem: string;
  /** Private key, PEM. */
  readonly keyPem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The certificate's names as OpenSSL writes them: `DNS:localhost, IP Address:127.0.0.1`. */
  readonly names: string;
  /** SHA-256 fingerprint, to tell one certificate from another in a log. */
  readonly fingerprint: string;
}

/** Where a pair was read from, for messages. */
export interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Checks that a certificate and a key parse and belong together. Expiry is reported, not refused: an expired
 * certificate is for the API server to judge, and the old one may be older still.
 * @throws OutriderError `certificate_invalid`, with the file and what to do
 */
export function loadPair(certPem: string, keyPem: string, { certFile, keyFile }: PairFiles): TlsPair {
  const certificate = parseCertificate(certPem, certFile);
  const key = parseKey(keyPem, keyFile);
  if (!certificate.checkPrivateKey(key)) {
    throw new OutriderError(
      'certificate_invalid',
      `The key in ${keyFile} is not the key of the certificate in ${certFile}: give the two that were issued together.`,
      { file: keyFile },
    );
  }
  return {
    certPem,
    keyPem,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    names: certificate.subjectAltName ?? '',
    fingerprint: certificate.fingerprint256,
  };
}

/**
 * Parses the first certificate of a PEM text.
 * @throws OutriderError `certificate_invalid`
 */
export function parseCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new OutriderError(
      'certificate_invalid',
      `${file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----): give the server's chain, its own certificate first.`,
      { file, cause },
    );
  }
}

function parseKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new OutriderError(
      'certificate_invalid',
      `${file} holds no private key in PEM form without a passphrase: give the key of the certificate, decrypted.`,
      { file, cause },
    );
  }
}
