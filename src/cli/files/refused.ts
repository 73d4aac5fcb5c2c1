import type { OutriderError } from '../../model/error.js';
import { lineOf } from '../errors.js';
import type { Io } from '../io.js';

/** Says which files of the input are left as they are, and why (W34). */
export function printRefused(refused: readonly OutriderError[], { stderr }: Pick<Io, 'stderr'>): void {
  for (const error of refused) stderr.write(`outrider: error: ${lineOf(error)}\n`);
}

/** The same as a field of a report for programs; none where every file was read. */
export function errorsJson(refused: readonly OutriderError[]): { readonly errors?: readonly object[] } {
  if (refused.length === 0) return {};
  return { errors: refused.map((error) => ({ file: error.file, code: error.code, message: lineOf(error) })) };
}
