import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueAuthority, issueServer, type Issued } from '../../../src/tls/issue.js';

const days = 2;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const aDayMs = 24 * 60 * 60 * 1000;
const aMinuteMs = 60 * 1000;

/** A certificate and its key, as files. */
export interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The certificate authority of one cluster, and what it issues, in one folder. */
export interface Authority {
  readonly caFile: string;
  readonly caPem: string;
  /** Issues a server's certificate for these names and addresses. */
  server(name: string, dnsNames: readonly string[]): Promise<PairFiles>;
  /** Issues a client's certificate: the API server takes CN for the user and O for its groups. */
  client(user: string, groups: readonly string[]): Promise<PairFiles>;
}

export async function createAuthority(directory: string): Promise<Authority> {
  const authority = await issueAuthority({ commonName: 'test CA', days: days + 1, nowMs: Date.now() });
  const caFile = join(directory, 'ca.crt');
  writeFileSync(caFile, authority.certPem);
  let issued = 0;
  const write = (name: string, { certPem, keyPem }: Issued): PairFiles => {
    const stem = join(directory, `${name}-${issued++}`);
    const files = { certFile: `${stem}.crt`, keyFile: `${stem}.key` };
    writeFileSync(files.certFile, certPem);
    writeFileSync(files.keyFile, keyPem, { mode: 0o600 });
    return files;
  };
  return {
    caFile,
    caPem: authority.certPem,
    server: async (name, dnsNames) =>
      write(name, await issueServer({ authority, names: dnsNames, days, nowMs: Date.now() })),
    client: async (user, groups) => write('client', await issueClient(authority, user, groups)),
  };
}

/** The product issues servers' certificates only. */
async function issueClient(authority: Issued, user: string, groups: readonly string[]): Promise<Issued> {
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

/** Makes the key pair that ServiceAccounts' tokens are signed with. */
export function createTokenKeys(directory: string): { readonly publicFile: string; readonly privateFile: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicFile = join(directory, 'service-account.pub');
  const privateFile = join(directory, 'service-account.key');
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(privateFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return { publicFile, privateFile };
}

/** Writes a kubeconfig. JSON is YAML. */
export function writeKubeconfig(file: string, server: string, caFile: string, pair: PairFiles): void {
  const configuration = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user: { 'client-certificate': pair.certFile, 'client-key': pair.keyFile } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 });
}
