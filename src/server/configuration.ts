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

/** Loads the configuration once, counting it. `dir` empty: none is configured. */
export async function loadOnce(dir: string, load: LoadConfiguration, metrics: Metrics): Promise<ReviewHandlers> {
  try {
    const handlers = await load(dir === '' ? undefined : await readFolder(dir));
    metrics.countReload('success');
    return handlers;
  } catch (error) {
    metrics.countReload('failure');
    throw error;
  }
}

/**
 * Loads the configuration again whenever its folder changes, until the signal aborts. One that is not valid is logged
 * and counted, and the last good one stays in force.
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
  const reload = async (): Promise<void> => {
    onHandlers(await loadOnce(dir, load, metrics));
    logger.info({ dir }, 'the configuration was read again');
  };
  await watchFolder(dir, reload, {
    intervalMs,
    signal,
    onError: (error) =>
      logger.error({ err: error, dir }, 'the changed configuration is not valid; the last good one stays in force'),
  });
}
