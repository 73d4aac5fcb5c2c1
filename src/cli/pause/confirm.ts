import { OutriderError } from '../../model/error.js';
import type { Io } from '../io.js';

/** How a command that takes effect at once was called. */
export interface Consent {
  /** Whether `--yes` is given. */
  readonly yes: boolean;
  /** Whether the command line is explicit enough if nobody is there to confirm. */
  readonly explicit: boolean;
}

/**
 * Asks the person at the terminal. If nobody is there, the command line has to confirm the action.
 *
 * @param what what is about to happen, as a sentence
 * @param instead what to write if nobody can be asked
 * @returns whether to go on
 * @throws OutriderError `usage` if nobody is there and the command line does not confirm
 */
export async function confirm(
  { stdin, stderr, isInteractive }: Pick<Io, 'stdin' | 'stderr' | 'isInteractive'>,
  what: string,
  { yes, explicit }: Consent,
  instead: string,
): Promise<boolean> {
  if (yes) return true;
  if (!isInteractive) {
    if (explicit) return true;
    throw new OutriderError('usage', `${what} Nobody is there to be asked: give ${instead}.`);
  }
  stderr.write(`${what} Go on? [y/N] `);
  return /^y(es)?$/i.test((await firstLine(stdin)).trim());
}

async function firstLine(stdin: Io['stdin']): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}
