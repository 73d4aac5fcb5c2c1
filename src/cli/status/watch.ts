import { OutriderError } from '../../model/error.js';
import { isAborted } from '../../time/abort.js';
import type { Sleep } from '../../time/sleep.js';
import { errorLine } from '../errors.js';
import type { Io } from '../io.js';

/** A look that is repeated. */
export interface Watched {
  /** Looks once. Returns the text to show and its exit code. */
  readonly look: () => Promise<{ readonly text: string; readonly code: number }>;
  readonly everyMs: number;
  readonly sleep: Sleep;
  readonly signal: AbortSignal;
}

const clearScreen = '\u001b[H\u001b[2J';

/**
 * Looks until the signal aborts. A terminal shows the last look. Elsewhere, a look is printed only if it differs from the
 * one before. A look that fails is reported and repeated.
 *
 * @returns the exit code of the last look
 */
export async function watch({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>, watched: Watched): Promise<number> {
  const { look, everyMs, sleep, signal } = watched;
  let last: Awaited<ReturnType<typeof look>> = { text: '', code: 2 };
  while (!isAborted(signal)) {
    try {
      const next = await look();
      if (stdout.isTerminal) stdout.write(`${clearScreen}${next.text}`);
      else if (next.text !== last.text) stdout.write(last.text === '' ? next.text : `\n${next.text}`);
      last = next;
    } catch (error) {
      if (!(error instanceof OutriderError)) throw error;
      stderr.write(errorLine(error));
      last = { ...last, code: 2 };
    }
    await sleep(everyMs, signal);
  }
  return last.code;
}
