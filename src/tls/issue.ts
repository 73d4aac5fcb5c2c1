import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const aDayMs = 24 * 60 * 60 * 1000;
// Clocks of machines differ, and a machine whose clock is behind refuses a certificate that starts only now. The second
// limit keeps a short life from being spent before it begins.
const longestBackdatedMs = 60 * 60 * 1000;
const backdatedShare = 0.1;

/** How long a certificate is valid from now on. */
export type Lifetime = { readonly days: number } | { readonly lifetimeMs: number };

/** When a certificate is made, milliseconds since the epoch. */
export interface IssueTime {
  /** It lives from then on. */
  readonly nowMs: number;
  /** The earliest date that someone may have now: it begins before that, too. `nowMs` unless given. */
  readonly earliestNowMs?: number;
}

/** A certificate and its key, PEM. */
export interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
}

/** The library is 3 MB of decorators that only those who issue certificates should wait for. */
async function library(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Makes a certificate authority that signs servers' certificates and nothing else. */
export async function issueAuthority(options: { readonly commonName: string } & IssueTime & Lifetime): Promise<Issued> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ CN: [options.commonName] }],
      ...validity(options),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: pem(certificate.toString('pem')), keyPem: await exportKey(keys.privateKey) };
}

/**
 * Makes a server's certificate, signed by an authority. It ends with its authority at the latest.
 * @param options.names DNS names and IP addresses, at least one
 */
export async function issueServer(
  options: { readonly authority: Issued; readonly names: readonly string[] } & IssueTime & Lifetime,
): Promise<Issued> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(options.authority.certPem);
  const signingKey = await importKey(options.authority.keyPem);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: [{ CN: ['outrider'] }],
      issuer: issuer.subject,
      ...validity(options, issuer.notAfter.getTime()),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
        new x509.SubjectAlternativeNameExtension(
          options.names.map((value): X509.JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: pem(certificate.toString('pem')), keyPem: await exportKey(keys.privateKey) };
}

function validity(
  options: IssueTime & Lifetime,
  latestMs = Infinity,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const { nowMs, earliestNowMs = nowMs } = options;
  const lifetimeMs = 'days' in options ? options.days * aDayMs : options.lifetimeMs;
  return {
    notBefore: new Date(Math.min(nowMs, earliestNowMs) - Math.min(longestBackdatedMs, lifetimeMs * backdatedShare)),
    notAfter: new Date(Math.min(nowMs + lifetimeMs, latestMs)),
  };
}

/** 127 random bits: positive, and never more than the 20 octets of RFC 5280, 4.1.2.2. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(keyPem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
}

function pem(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
