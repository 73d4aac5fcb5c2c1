import closeWithGrace from 'close-with-grace';
import { StartAborted, startService, type Service, type ServiceOptions } from './service.js';

// Room for what the drain does besides waiting.
const slackMs = 5_000;

/**
 * Starts the service and ties it to the process: SIGTERM or SIGINT drains it and ends the process with 0; a second
 * signal ends it at once with 1. An uncaught error is logged, and the service is drained before the process ends with
 * 1, so that reviews in progress are answered. A signal during the start, such as while waiting for a certificate,
 * closes what is open and ends the process with 0 too.
 * @returns `undefined` when the process is ending already
 * @throws what `startService` throws
 */
export async function runService(options: ServiceOptions): Promise<Service | undefined> {
  const { logger, settings } = options;
  const abort = new AbortController();
  const starting = startService(options, abort.signal);
  const ending = closeWithGrace(
    {
      delay: settings.drainGraceMs + settings.drainTimeoutMs + slackMs,
      logger: false,
      // A hang-up or a crash signal keeps its own meaning; the service's handles keep the process from running dry.
      skip: [
        'SIGHUP',
        'SIGQUIT',
        'SIGILL',
        'SIGTRAP',
        'SIGABRT',
        'SIGBUS',
        'SIGFPE',
        'SIGSEGV',
        'SIGUSR2',
        'beforeExit',
      ],
      onSecondSignal: (signal) => logger.warn({ signal }, 'a second signal: ending at once'),
      onSecondError: (error) => logger.fatal({ err: error }, 'a second error that nothing caught: ending at once'),
      onTimeout: () => logger.error('shutting down took too long: ending at once'),
    },
    async ({ signal, err }) => {
      if (err !== undefined) logger.fatal({ err }, 'an error that nothing caught: shutting down');
      else logger.info({ signal }, 'signal received');
      abort.abort();
      const service = await starting.catch(() => undefined);
      await service?.drain();
    },
  );
  try {
    return await starting;
  } catch (error) {
    if (error instanceof StartAborted) return undefined;
    ending.uninstall();
    throw error;
  }
}
