import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueAuthority, issueServer, type Issued } from '../../../src/tls/issue.js';
import { issueClient } from '../../support/client-certificate.js';

const days = 2;

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
    client: async (user, groups) => write('client', await issueClient(authority, user, groups, days)),
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
