import { OutriderError } from '../model/error.js';
import type { Io } from './io.js';

/** Prints what was thrown, one line for each error: `outrider: error: FILE:LINE: FIELD: what is wrong and what helps`. */
export function printErrors(thrown: unknown, { stderr }: Pick<Io, 'stderr'>, debug: boolean): void {
  const errors: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  for (const error of errors) {
    stderr.write(`outrider: error: ${lineOf(error)}\n`);
    if (debug && error instanceof Error) stderr.write(`${error.stack ?? ''}\n${causesOf(error)}`);
  }
}

/** One line about an error. Only an OutriderError's message is meant for people. */
export function lineOf(error: unknown): string {
  if (error instanceof OutriderError && error.code !== 'internal') return oneLine(placed(error));
  const what = error instanceof Error ? error.message : String(error);
  return `internal: ${oneLine(what)} Please report this with the command line and the output of --debug.`;
}

/** Several problems as one thrown value; a single one stays itself. */
export function together(problems: readonly OutriderError[]): Error {
  const [first] = problems;
  return problems.length === 1 && first !== undefined ? first : new AggregateError(problems);
}

/** The same error with its place in front: for errors of functions that do not know the file. */
export function located(error: OutriderError, file: string, line: number, field: string): OutriderError {
  const place = [`${file}:${line}`, ...(field === '' ? [] : [field])].join(': ');
  return new OutriderError(error.code, `${place}: ${error.message}`, { file, field, cause: error });
}

function placed({ file, message }: OutriderError): string {
  return file === undefined || message.includes(file) ? message : `${file}: ${message}`;
}

/** A message without its line breaks. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function causesOf(error: Error): string {
  return error.cause instanceof Error ? `caused by ${error.cause.stack ?? ''}\n${causesOf(error.cause)}` : '';
}
