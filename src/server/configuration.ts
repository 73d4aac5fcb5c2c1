import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { readFolder, type SourceFile } from './folder.js';
import type { ReviewHandlers } from './review-context.js';
import { watchFolder } from './watch.js';

/**
 * Makes handlers of a configuration.
 * @param files the configuration folder's files; `undefined` when no folder is configured
 * @throws an error that names file, field and remedy when the configuration is not valid
 */
export type LoadConfiguration = (files: readonly SourceFile[] | undefined) => ReviewHandlers | Promise<ReviewHandlers>;

/**
 * Loads the configuration, and again whenever its folder changes, until the signal aborts. A later one that is not
 * valid is logged and counted, and the last good one stays in force.
 * @param dir the folder; empty when none is configured, and then nothing is watched
 * @param onHandlers gets the handlers of each valid configuration, the first one before this resolves
 * @throws what `load` throws for the first one, or OutriderError `file_unreadable`
 */
export async function watchConfiguration(
  dir: string,
  load: LoadConfiguration,
  onHandlers: (handlers: ReviewHandlers) => void,
  options: {
    readonly intervalMs: number;
    readonly signal: AbortSignal;
    readonly logger: Logger;
    readonly metrics: Metrics;
  },
): Promise<void> {
  const { intervalMs, signal, logger, metrics } = options;
  const read = async (): Promise<void> => {
    try {
      onHandlers(await load(dir === '' ? undefined : await readFolder(dir)));
    } catch (error) {
      metrics.countReload('failure');
      throw error;
    }
    metrics.countReload('success');
  };
  if (dir === '') return read();
  const readAgain = async (): Promise<void> => {
    await read();
    logger.info({ dir }, 'the configuration was read again');
  };
  await watchFolder(dir, readAgain, {
    intervalMs,
    signal,
    first: read,
    onError: (error) =>
      logger.error({ err: error, dir }, 'the changed configuration is not valid; the last good one stays in force'),
  });
}
