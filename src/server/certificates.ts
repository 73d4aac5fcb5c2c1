import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDevelopmentCertificates } from '../tls/development.js';
import { loadPair, type PairFiles, type TlsPair } from '../tls/pair.js';
import { unreadable } from './folder.js';
import type { CertificateSource, OpenedCertificate, SourceContext } from './sources.js';
import { watchFolder } from './watch.js';

// A certificate's dates are whole seconds.
const precisionMs = 1_000;

/** The certificate of `--tls-cert` and `--tls-key`, else one for development, which is made where there is none. */
export const certificateFromFiles: CertificateSource = certificateFromFilesBy(Date.now);

/**
 * The same.
 * @param nowMs the date by which the certificate is judged
 */
export function certificateFromFilesBy(nowMs: () => number): CertificateSource {
  return async (context) => {
    const { settings, logger } = context;
    const opened = (files: PairFiles, pair: TlsPair, caBundle: string | undefined): OpenedCertificate => ({
      pair,
      caBundle,
      watch: (onPair) => new PairWatch({ files, onPair, context, nowMs }, pair).start(),
    });
    if (settings.tlsCert !== '') {
      const files = { certFile: settings.tlsCert, keyFile: settings.tlsKey };
      return opened(files, await readPair(files), undefined);
    }
    const made = await ensureDevelopmentCertificates({
      dir: settings.certsDir,
      dnsNames: settings.dnsNames,
      nowMs: nowMs(),
    });
    const { pair, caBundle } = made;
    logger.info({ dir: settings.certsDir, names: pair.names, made: made.made }, 'development certificates are used');
    return opened(made, pair, caBundle);
  };
}

/**
 * Reads and checks the pair from its files.
 * @throws OutriderError `file_unreadable` or `certificate_invalid`
 */
async function readPair(files: PairFiles): Promise<TlsPair> {
  const [certPem, keyPem] = await Promise.all([readText(files.certFile), readText(files.keyFile)]);
  return loadPair(certPem, keyPem, files);
}

/** What the files are watched with. */
interface PairWatchOptions {
  readonly files: PairFiles;
  readonly onPair: (pair: TlsPair) => void;
  readonly context: SourceContext<'reloadIntervalMs'>;
  readonly nowMs: () => number;
}

function isEarly({ notBefore }: TlsPair, nowMs: number): boolean {
  return notBefore.getTime() > nowMs + precisionMs;
}

/**
 * Calls `onPair` with each new pair that the files come to hold, until the signal aborts. A pair that cannot be read or
 * does not belong together is logged, and the old one stays: when two files are written one after the other, they do
 * not match in between. A pair that is not valid yet waits until it is, or until the old one expires.
 */
class PairWatch {
  readonly #options: PairWatchOptions;
  #served: TlsPair;
  #again: NodeJS.Timeout | undefined;
  /** Fingerprint of the pair that waits. */
  #waiting = '';

  constructor(options: PairWatchOptions, current: TlsPair) {
    this.#options = options;
    this.#served = current;
  }

  /** Resolves once the watch is established. */
  async start(): Promise<void> {
    const { context, files, nowMs } = this.#options;
    const { settings, signal, logger } = context;
    const { notBefore, notAfter } = this.#served;
    if (notAfter.getTime() < nowMs()) {
      logger.warn({ notAfter }, 'the certificate has ended: the API server will not accept it');
    } else if (isEarly(this.#served, nowMs())) {
      logger.warn({ notBefore }, 'the certificate has not begun: the API server will not accept it yet');
    }
    signal.addEventListener('abort', () => clearTimeout(this.#again), { once: true });
    const { certFile, keyFile } = files;
    const onError = (error: unknown): void => this.#keepOld(error);
    for (const dir of new Set([dirname(certFile), dirname(keyFile)])) {
      await watchFolder(dir, () => this.#reload(), { intervalMs: settings.reloadIntervalMs, signal, onError });
    }
    // The current pair was read before the watch stood.
    await this.#reload().catch(onError);
  }

  async #reload(): Promise<void> {
    clearTimeout(this.#again);
    const { files, onPair, context } = this.#options;
    const pair = await readPair(files);
    if (pair.fingerprint === this.#served.fingerprint || this.#waitsFor(pair)) return;
    onPair(pair);
    this.#served = pair;
    const { logger, metrics } = context;
    metrics.countCertificateReload('success');
    logger.info({ names: pair.names, notAfter: pair.notAfter }, 'a new certificate is served');
  }

  /**
   * Whether a pair has to wait, to be checked again later. There is no point in keeping an old one that has expired.
   */
  #waitsFor(pair: TlsPair): boolean {
    const { context, nowMs } = this.#options;
    const { settings, signal, logger } = context;
    const atMs = nowMs();
    if (!isEarly(pair, atMs) || this.#served.notAfter.getTime() <= atMs) return false;
    if (pair.fingerprint !== this.#waiting) {
      const { notBefore } = pair;
      logger.warn({ notBefore }, 'the new certificate has not begun; the old one is served on until it has');
    }
    this.#waiting = pair.fingerprint;
    const look = (): void => void this.#reload().catch((error: unknown) => this.#keepOld(error));
    if (!signal.aborted) this.#again = setTimeout(look, settings.reloadIntervalMs).unref();
    return true;
  }

  #keepOld(error: unknown): void {
    const { logger, metrics } = this.#options.context;
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
