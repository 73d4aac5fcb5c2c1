import { randomBytes, webcrypto } from 'node:crypto';
import type { Issued } from '../../src/tls/issue.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const aDayMs = 24 * 60 * 60 * 1000;
const aMinuteMs = 60 * 1000;

/** Makes a client's certificate: the product issues servers' only. CN is the user, O a group each. */
export async function issueClient(
  authority: Issued,
  user: string,
  groups: readonly string[] = [],
  days = 1,
): Promise<Issued> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const issuerKey = Buffer.from(authority.keyPem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      subject: [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))],
      issuer: new x509.X509Certificate(authority.certPem).subject,
      notBefore: new Date(Date.now() - aMinuteMs),
      notAfter: new Date(Date.now() + days * aDayMs),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: await webcrypto.subtle.importKey('pkcs8', issuerKey, algorithm, false, ['sign']),
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth], false),
      ],
    },
    webcrypto,
  );
  const keyDer = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${keyDer.toString('base64')}\n-----END PRIVATE KEY-----\n`,
  };
}
