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
    return { pair, caBundle: undefined, watch: (onPair) => new PairWatch(files, pair, onPair, context).start() };
  }
  const made = await ensureDevelopmentCertificates({
    dir: settings.certsDir,
    dnsNames: settings.dnsNames,
    nowMs: Date.now(),
  });
  const { pair, caBundle } = made;
  logger.info({ dir: settings.certsDir, names: pair.names, made: made.made }, 'development certificates are used');
  return { pair, caBundle, watch: (onPair) => new PairWatch(made, pair, onPair, context).start() };
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
class PairWatch {
  readonly #files: PairFiles;
  readonly #onPair: (pair: TlsPair) => void;
  readonly #context: SourceContext<'reloadIntervalMs'>;
  #served: TlsPair;

  constructor(
    files: PairFiles,
    current: TlsPair,
    onPair: (pair: TlsPair) => void,
    context: SourceContext<'reloadIntervalMs'>,
  ) {
    this.#files = files;
    this.#served = current;
    this.#onPair = onPair;
    this.#context = context;
  }

  /** Resolves once the watch stands. */
  async start(): Promise<void> {
    const { settings, signal, logger } = this.#context;
    const { notAfter } = this.#served;
    if (notAfter.getTime() < Date.now()) {
      logger.warn({ notAfter }, 'the certificate has ended: the API server will not accept it');
    }
    const { certFile, keyFile } = this.#files;
    const onError = (error: unknown): void => this.#keepOld(error);
    for (const dir of new Set([dirname(certFile), dirname(keyFile)])) {
      await watchFolder(dir, () => this.#reload(), { intervalMs: settings.reloadIntervalMs, signal, onError });
    }
    // The current pair was read before the watch stood.
    await this.#reload().catch(onError);
  }

  async #reload(): Promise<void> {
    const pair = await readPair(this.#files);
    if (pair.fingerprint === this.#served.fingerprint) return;
    this.#onPair(pair);
    this.#served = pair;
    const { logger, metrics } = this.#context;
    metrics.countCertificateReload('success');
    logger.info({ names: pair.names, notAfter: pair.notAfter }, 'a new certificate is served');
  }

  #keepOld(error: unknown): void {
    const { logger, metrics } = this.#context;
    metrics.countCertificateReload('failure');
    logger.error({ err: error }, 'the new certificate cannot be used; the old one is served on');
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}
