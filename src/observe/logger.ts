import { pino, type DestinationStream, type Logger } from 'pino';

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
 * Makes a logger. Lines are written before the call returns, in this thread: none is lost when the process ends.
 * The printer for people is loaded only where it is used.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const terminal = options.destination === undefined ? process.stderr.isTTY : options.destination.isTTY === true;
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true });
  const settings = { level: options.level, base: null };
  if (options.format === 'json' || (options.format === 'auto' && !terminal)) {
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
