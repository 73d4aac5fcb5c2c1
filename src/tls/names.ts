import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** Whether a certificate is for these DNS names and IP addresses and no others. */
export function isForExactly(certificate: X509Certificate, names: readonly string[]): boolean {
  const entries = new Set((certificate.subjectAltName ?? '').split(', '));
  return (
    entries.size === new Set(names).size &&
    names.every((name) =>
      // An address has several spellings.
      isIP(name) === 0 ? entries.has(`DNS:${name}`) : certificate.checkIP(name) !== undefined,
    )
  );
}
