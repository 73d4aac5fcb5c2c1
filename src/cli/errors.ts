import { OutriderError, type ErrorCode } from '../model/error.js';
import type { Io } from './io.js';

/** How errors are printed. */
export interface ErrorStyle {
  /** With stack traces. */
  readonly debug: boolean;
  /** As one JSON object, if a report in JSON was asked for. */
  readonly json: boolean;
}

/** Prints the thrown value, one line for each error: `outrider: error: FILE:LINE: FIELD: what is wrong and what helps`. */
export function printErrors(thrown: unknown, { stderr }: Pick<Io, 'stderr'>, { debug, json }: ErrorStyle): void {
  const errors: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  if (json) stderr.write(`${JSON.stringify({ errors: errors.map(errorJson) }, undefined, 2)}\n`);
  for (const error of errors) {
    if (!json) stderr.write(errorLine(error));
    if (debug && error instanceof Error) stderr.write(`${error.stack ?? ''}\n${causesOf(error)}`);
  }
}

/** The whole line that is printed for an error, with a link to the page about its code. */
export function errorLine(error: unknown): string {
  return `outrider: error: ${lineOf(error)} [docs/errors.md#${codeOf(error)}]\n`;
}

/** An error as an entry of a report for programs. */
export function errorJson(error: unknown): object {
  const file = error instanceof OutriderError ? error.file : undefined;
  return { file, code: codeOf(error), message: lineOf(error) };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof OutriderError ? error.code : 'internal';
}

/** One line about an error. Only an OutriderError's message is meant for people. */
export function lineOf(error: unknown): string {
  if (error instanceof OutriderError && error.code !== 'internal') return oneLine(placed(error));
  const what = error instanceof Error ? error.message : String(error);
  return `internal: ${oneLine(what)} Please report this with the command line and the output of --debug.`;
}

/** Makes one thrown value of several problems. A single problem is thrown as it is. */
export function together(problems: readonly OutriderError[]): Error {
  const [first] = problems;
  return problems.length === 1 && first !== undefined ? first : new AggregateError(problems);
}

/** The same error with its place in front, for errors from functions that do not know the file. */
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
