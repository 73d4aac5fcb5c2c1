import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OutriderError } from '../../model/error.js';
import type { RegistryHost } from '../../model/registry-config.js';
import type { HostConfiguration } from '../registry/hosts.js';

const firstCertificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/;

/**
 * The configured hosts with the certificate authorities read from their files.
 *
 * @param folder where relative paths start from
 * @throws OutriderError `file_unreadable`, or `registry_config_invalid` for a file without a certificate
 */
export function readHosts(hosts: readonly RegistryHost[], folder: string): Promise<readonly HostConfiguration[]> {
  return Promise.all(
    hosts.map(async ({ caFile, ...host }, index) => {
      if (caFile === undefined) return host;
      return { ...host, ca: await readAuthorities(resolve(folder, caFile), `hosts[${index}].caFile`) };
    }),
  );
}

async function readAuthorities(file: string, field: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OutriderError('file_unreadable', `${field}: ${file} cannot be read; give a file that can.`, {
      file,
      field,
      cause,
    });
  });
  try {
    // Throws unless there is a certificate; the TLS library would take any text.
    new X509Certificate(firstCertificate.exec(text)?.[0] ?? '');
    return text;
  } catch (cause) {
    const message = `${field}: ${file} has no certificate that can be read; give the authority’s certificate, PEM.`;
    throw new OutriderError('registry_config_invalid', message, { file, field, cause });
  }
}
