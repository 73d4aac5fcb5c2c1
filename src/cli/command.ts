import type { Command } from 'commander';
import type { Io } from './io.js';

/** One call of a command. */
export interface Invocation {
  /** Options as commander gives them, by name in camel case. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The arguments on the command line that are not options. */
  readonly args: readonly string[];
  readonly io: Io;
}

/** A command: what a module in this folder exports as `command`. */
export interface CommandDefinition {
  /** Declares options, arguments and help texts. */
  configure(command: Command, io: Io): void;
  /**
   * Runs the command.
   *
   * @returns the exit code
   * @throws OutriderError or an AggregateError of them for a problem that a person can fix: it is printed, and the exit code
   * is 2
   */
  run(invocation: Invocation): Promise<number>;
}

/** A row of the table of commands. The module is loaded only when the command runs. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

/** What exit codes mean, for every command that does not say otherwise. */
export const exitCodes = {
  ok: 0,
  /** With `--check`: something would change, or something is not allowed to run as it is. */
  findings: 1,
  /** Wrong usage, bad input, or a failure: nothing was written. */
  error: 2,
} as const;

/** A text option; `undefined` when it was not given. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A repeatable text option, gathered by {@link collect}. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Adds one more value of an option that may be given several times. */
export function collect(value: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before.map(String) : []), value];
}
