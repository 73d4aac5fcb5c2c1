import type { Io, Output } from '../io.js';

/** Colours texts, or leaves them as they are. */
export interface Style {
  readonly colour: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

/** When to use colours, as `--color` gives it. */
export type ColourChoice = 'auto' | 'always' | 'never';

/** Makes a style. */
export function styleOf(colour: boolean): Style {
  const paint =
    (code: number) =>
    (text: string): string =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { colour, bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31), warn: paint(33) };
}

/** Whether an output gets colours: `auto` is for terminals without NO_COLOR (no-color.org) and not `TERM=dumb`. */
export function useColour(choice: ColourChoice, output: Output, env: Io['env']): boolean {
  if (choice !== 'auto') return choice === 'always';
  return output.isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
