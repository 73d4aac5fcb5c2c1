import { pino, type DestinationStream, type Logger } from 'pino';
import { GatheredStderr } from './gathered-stderr.js';

export type { Logger } from 'pino';

/** How lines are logged. */
export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `auto` writes for people when the destination is a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Where lines go. Default: standard error, so that standard output is left to what was asked for. */
  readonly destination?: DestinationStream & { readonly isTTY?: boolean };
  /** The environment, for `NO_COLOR`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a logger. JSON lines to standard error are written together, some milliseconds late, and in this thread: a line
 * of its own costs more than the rest of a review's log. None is lost, except by a kill that the process cannot see.
 * The printer for people is loaded only where it is used.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const terminal = options.destination === undefined ? process.stderr.isTTY : options.destination.isTTY === true;
  const settings = { level: options.level, base: null };
  const json = options.format === 'json' || (options.format === 'auto' && !terminal);
  const destination = options.destination ?? (json ? new GatheredStderr() : pino.destination({ dest: 2, sync: true }));
  if (json) {
    return pino(
      { ...settings, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
      destination,
    );
  }
  const { default: pretty } = await import('pino-pretty');
  const noColor = options.env?.['NO_COLOR'] ?? '';
  const print = pretty.prettyFactory({
    colorize: terminal && noColor === '',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return pino(settings, { write: (line: string) => destination.write(print(line)) });
}
