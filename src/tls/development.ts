import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutriderError } from '../model/error.js';
import { issueAuthority, issueServer, type Issued } from './issue.js';
import { isForExactly } from './names.js';
import { loadPair, parseCertificate, type TlsPair } from './pair.js';

const authorityDays = 3650;
// The longest life of a server's certificate that all clients accept (397 days for browsers).
const serverDays = 397;
const renewBeforeMs = 30 * 24 * 60 * 60 * 1000;

/** A development certificate, on disk and in hand. */
export interface DevelopmentCertificates {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly pair: TlsPair;
  /** The authority's certificate for a webhook configuration's `caBundle`: PEM, in base64. */
  readonly caBundle: string;
  /** What had to be created: nothing, the server's certificate, or the authority too. */
  readonly made: 'nothing' | 'certificate' | 'authority';
}

/**
 * Makes a certificate authority and a server's certificate in a folder, or takes what is there as long as it holds for
 * thirty days more, belongs together and is for exactly these names. Files are for their owner only, and each is put
 * in its place whole.
 * @param options.dnsNames DNS names and IP addresses, at least one
 * @param options.nowMs milliseconds since the epoch
 * @throws OutriderError `file_unwritable` when the folder or a file cannot be written
 */
export async function ensureDevelopmentCertificates(options: {
  readonly dir: string;
  readonly dnsNames: readonly string[];
  readonly nowMs: number;
}): Promise<DevelopmentCertificates> {
  const { dir, dnsNames, nowMs } = options;
  const files = {
    caFile: join(dir, 'ca.crt'),
    caKeyFile: join(dir, 'ca.key'),
    certFile: join(dir, 'tls.crt'),
    keyFile: join(dir, 'tls.key'),
  };
  const kept = await readAuthority(files, nowMs);
  const authority =
    kept ?? (await issueAuthority({ commonName: 'Outrider development CA', days: authorityDays, nowMs }));
  const found = kept === undefined ? undefined : await readServer(files, kept, dnsNames, nowMs);
  const server = found ?? (await issueServer({ authority, names: dnsNames, days: serverDays, nowMs }));
  const toWrite: readonly (readonly [file: string, text: string])[] = [
    ...(kept === undefined
      ? ([
          [files.caKeyFile, authority.keyPem],
          [files.caFile, authority.certPem],
        ] as const)
      : []),
    ...(found === undefined
      ? ([
          [files.keyFile, server.keyPem],
          [files.certFile, server.certPem],
        ] as const)
      : []),
  ];
  await writeAll(dir, toWrite);
  return {
    certFile: files.certFile,
    keyFile: files.keyFile,
    caFile: files.caFile,
    pair: loadPair(server.certPem, server.keyPem, files),
    caBundle: caBundle(authority.certPem),
    made: kept === undefined ? 'authority' : found === undefined ? 'certificate' : 'nothing',
  };
}

/** A PEM text as a webhook configuration's `caBundle` wants it. */
export function caBundle(caPem: string): string {
  return Buffer.from(caPem).toString('base64');
}

type Files = Readonly<Record<'caFile' | 'caKeyFile' | 'certFile' | 'keyFile', string>>;

async function readAuthority(files: Files, nowMs: number): Promise<Issued | undefined> {
  const issued = await readIssued(files.caFile, files.caKeyFile);
  if (issued === undefined) return undefined;
  const certificate = parseCertificate(issued.certPem, files.caFile);
  const outlivesServer = Date.parse(certificate.validTo) - nowMs > (serverDays + 1) * 24 * 60 * 60 * 1000;
  return certificate.ca && outlivesServer ? issued : undefined;
}

async function readServer(
  files: Files,
  authority: Issued,
  dnsNames: readonly string[],
  nowMs: number,
): Promise<Issued | undefined> {
  const issued = await readIssued(files.certFile, files.keyFile);
  if (issued === undefined) return undefined;
  const certificate = parseCertificate(issued.certPem, files.certFile);
  const usable =
    certificate.verify(parseCertificate(authority.certPem, files.caFile).publicKey) &&
    Date.parse(certificate.validFrom) <= nowMs &&
    Date.parse(certificate.validTo) - nowMs > renewBeforeMs &&
    isForExactly(certificate, dnsNames);
  return usable ? issued : undefined;
}

/** Both files, if they are there and belong together. Anything else is made again, so it is not an error here. */
async function readIssued(certFile: string, keyFile: string): Promise<Issued | undefined> {
  try {
    const issued = { certPem: await readFile(certFile, 'utf8'), keyPem: await readFile(keyFile, 'utf8') };
    loadPair(issued.certPem, issued.keyPem, { certFile, keyFile });
    return issued;
  } catch {
    return undefined;
  }
}

async function writeAll(dir: string, files: readonly (readonly [file: string, text: string])[]): Promise<void> {
  if (files.length === 0) return;
  try {
    await mkdir(dir, { recursive: true });
  } catch (cause) {
    throw unwritable(dir, cause);
  }
  for (const [file, text] of files) {
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
      await rename(temporary, file);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw unwritable(file, cause);
    }
  }
}

function unwritable(file: string, cause: unknown): OutriderError {
  return new OutriderError(
    'file_unwritable',
    `${file} cannot be written: let --certs-dir name a folder that can, or give --tls-cert and --tls-key.`,
    { file, cause },
  );
}
