import { readFolder, type SourceFile } from './folder.js';
import type { ReviewHandlers } from './review-context.js';
import type { HandlerSource } from './sources.js';
import { watchFolder } from './watch.js';

/**
 * Makes handlers from a configuration.
 * @param files the configuration folder's files; `undefined` when no folder is configured
 * @throws an error that names file, field and remedy when the configuration is not valid
 */
export type LoadConfiguration = (files: readonly SourceFile[] | undefined) => ReviewHandlers | Promise<ReviewHandlers>;

/**
 * Handlers from the configuration folder, and again whenever it changes. A later configuration that is not valid is
 * logged and counted, and the last good one stays in force. Without a folder nothing is watched.
 * @param load makes handlers; the source throws what it throws for the first configuration, or `file_unreadable`
 */
export function handlersFromFolder(load: LoadConfiguration): HandlerSource {
  return async ({ settings, signal, logger, metrics }, onHandlers) => {
    const dir = settings.config;
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
      intervalMs: settings.reloadIntervalMs,
      signal,
      first: read,
      onError: (error) =>
        logger.error({ err: error, dir }, 'the changed configuration is not valid; the last good one stays in force'),
    });
  };
}
