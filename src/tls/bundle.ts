import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text, in order, once each. Other text is left out. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const found = new Map<string, X509Certificate>();
  for (const [text] of pem.matchAll(block)) {
    const certificate = certificateOf(text);
    if (certificate !== undefined) found.set(certificate.fingerprint256, certificate);
  }
  return [...found.values()];
}

/** Certificates as one PEM text. */
export function bundleOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => pemOf(certificate)).join('');
}

/** A certificate as PEM, with a line end. */
export function pemOf(certificate: X509Certificate): string {
  const text = certificate.toString();
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** Whether one certificate was issued by another. */
export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/**
 * The authority that a served chain brings along: its last certificate that is one, or the server's own if it is
 * self-signed. `undefined` when the chain has none, as with a public authority.
 */
export function authorityIn(chainPem: string): X509Certificate | undefined {
  const chain = certificatesIn(chainPem);
  const authority = chain.findLast((certificate) => certificate.ca);
  if (authority !== undefined) return authority;
  const [own] = chain;
  return own !== undefined && own.checkIssued(own) && own.verify(own.publicKey) ? own : undefined;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
