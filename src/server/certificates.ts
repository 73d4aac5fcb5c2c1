import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { loadPair, type PairFiles, type TlsPair } from '../tls/pair.js';
import { unreadable } from './folder.js';
import { watchFolder } from './watch.js';

/**
 * Reads and checks the pair from its files.
 * @throws OutriderError `file_unreadable` or `certificate_invalid`
 */
export async function readPair(files: PairFiles): Promise<TlsPair> {
  const [certPem, keyPem] = await Promise.all([readText(files.certFile), readText(files.keyFile)]);
  return loadPair(certPem, keyPem, files);
}

/**
 * Calls `onPair` with each new pair that the files come to hold, until the signal aborts. A pair that cannot be read
 * or does not belong together is logged, and the old one stays: of two files written one after the other, the first
 * alone is such a pair.
 */
export async function watchPair(
  files: PairFiles,
  current: TlsPair,
  onPair: (pair: TlsPair) => void,
  options: {
    readonly intervalMs: number;
    readonly signal: AbortSignal;
    readonly logger: Logger;
    readonly metrics: Metrics;
  },
): Promise<void> {
  const { intervalMs, signal, logger, metrics } = options;
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
