import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutriderError } from '../model/error.js';
import { bundleOf, certificatesIn } from '../tls/bundle.js';
import { unreadable } from './folder.js';
import type { SourceContext } from './sources.js';
import { watchFolder } from './watch.js';

/** Certificate authorities in a file, PEM, and how to hear of later ones. */
export interface AuthoritiesFile {
  readonly pem: string;
  /**
   * Calls `onPem` with each later content until the signal of the context aborts. Resolves once the watch is
   * established.
   */
  watch(onPem: (pem: string) => void): Promise<void>;
}

/**
 * Reads authorities from a file. A later content without any is logged, and the last good one stays.
 * @param flag the setting that names the file
 * @throws OutriderError `file_unreadable`, or `certificate_invalid` when it holds none
 */
export async function openAuthoritiesFile(
  file: string,
  flag: string,
  { settings, signal, logger }: Pick<SourceContext<'reloadIntervalMs'>, 'settings' | 'signal' | 'logger'>,
): Promise<AuthoritiesFile> {
  const pem = await read(file, flag);
  return {
    pem,
    watch: async (onPem) => {
      let last = pem;
      const onError = (error: unknown): void =>
        logger.error({ err: error, file }, 'the new authorities cannot be used; the old ones stay');
      const again = async (): Promise<void> => {
        const next = await read(file, flag);
        if (next === last) return;
        last = next;
        onPem(next);
        logger.info({ file }, 'new authorities are used');
      };
      await watchFolder(dirname(file), again, { intervalMs: settings.reloadIntervalMs, signal, onError });
      // The file was read before the watch stood.
      await again().catch(onError);
    },
  };
}

async function read(file: string, flag: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const certificates = certificatesIn(text);
  if (certificates.length > 0) return bundleOf(certificates);
  throw new OutriderError(
    'certificate_invalid',
    `${file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----): let ${flag} name a file with authorities.`,
    { file, field: flag },
  );
}
