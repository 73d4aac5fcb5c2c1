import type { OutriderError } from '../../model/error.js';
import { errorJson, errorLine } from '../errors.js';
import type { Io } from '../io.js';

/** Prints which input files are left as they are, and why (W34). */
export function printRefused(refused: readonly OutriderError[], { stderr }: Pick<Io, 'stderr'>): void {
  for (const error of refused) stderr.write(errorLine(error));
}

/** The same as a field of a report for programs. No field if every file was read. */
export function errorsJson(refused: readonly OutriderError[]): { readonly errors?: readonly object[] } {
  if (refused.length === 0) return {};
  return { errors: refused.map(errorJson) };
}
