import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDevelopmentCertificates } from '../tls/development.js';
import { loadPair, type PairFiles, type TlsPair } from '../tls/pair.js';
import { unreadable } from './folder.js';
import type { CertificateSource, SourceContext } from './sources.js';
import { watchFolder } from './watch.js';

/** The certificate of `--tls-cert` and `--tls-key`, else one for development, which is made where there is none. */
export const certificateFromFiles: CertificateSource = async (context) => {
  const { settings, logger } = context;
  if (settings.tlsCert !== '') {
    const files = { certFile: settings.tlsCert, keyFile: settings.tlsKey };
    const pair = await readPair(files);
    return { pair, caBundle: undefined, watch: (onPair) => watchPair(files, pair, onPair, context) };
  }
  const made = await ensureDevelopmentCertificates({
    dir: settings.certsDir,
    dnsNames: settings.dnsNames,
    nowMs: Date.now(),
  });
  const { pair, caBundle } = made;
  logger.info({ dir: settings.certsDir, names: pair.names, made: made.made }, 'development certificates are used');
  return { pair, caBundle, watch: (onPair) => watchPair(made, pair, onPair, context) };
};

/**
 * Reads and checks the pair from its files.
 * @throws OutriderError `file_unreadable` or `certificate_invalid`
 */
async function readPair(files: PairFiles): Promise<TlsPair> {
  const [certPem, keyPem] = await Promise.all([readText(files.certFile), readText(files.keyFile)]);
  return loadPair(certPem, keyPem, files);
}

/**
 * Calls `onPair` with each new pair that the files come to hold, until the signal aborts. A pair that cannot be read
 * or does not belong together is logged, and the old one stays: of two files written one after the other, the first
 * alone is such a pair.
 */
async function watchPair(
  files: PairFiles,
  current: TlsPair,
  onPair: (pair: TlsPair) => void,
  { settings, signal, logger, metrics }: SourceContext<'reloadIntervalMs'>,
): Promise<void> {
  const intervalMs = settings.reloadIntervalMs;
  let served = current.fingerprint;
  const reload = async (): Promise<void> => {
    const pair = await readPair(files);
    if (pair.fingerprint === served) return;
    onPair(pair);
    served = pair.fingerprint;
    metrics.countCertificateReload('success');
    logger.info({ names: pair.names, notAfter: pair.notAfter }, 'a new certificate is served');
  };
  const onError = (error: unknown): void => {
    metrics.countCertificateReload('failure');
    logger.error({ err: error }, 'the new certificate cannot be used; the old one is served on');
  };
  if (current.notAfter.getTime() < Date.now()) {
    logger.warn({ notAfter: current.notAfter }, 'the certificate has ended: the API server will not accept it');
  }
  for (const dir of new Set([dirname(files.certFile), dirname(files.keyFile)])) {
    await watchFolder(dir, reload, { intervalMs, signal, onError });
  }
  // The current pair was read before the watch stood.
  await reload().catch(onError);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}
