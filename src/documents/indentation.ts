// Above that many columns of indentation or list dashes the parser's own expressions outgrow the memory or the stack.
const maxIndent = 512;
// Bounded, so that a long line costs the expression itself no stack.
const tooDeep = new RegExp(`^(?:[ \\t]|[-?:](?=[ \\t]|$)){${maxIndent + 1}}`);

/** A line that the YAML parser must not see. */
export interface OverIndented {
  /** Offset of the line's start. */
  readonly offset: number;
  readonly text: string;
}

/**
 * Finds the first line that is indented, or nested by indicators on the one line (`- - - a`, `? ? a`), by more than 512
 * columns. The parser may exhaust the memory or the stack over it, natively, so it has to be found before.
 */
export function overIndentedLine(text: string): OverIndented | undefined {
  for (const line of text.matchAll(/^[^\r\n]*/gm)) {
    if (line[0].length <= maxIndent) continue;
    if (tooDeep.test(line[0])) {
      return { offset: line.index, text: `a line is indented or nested by more than ${maxIndent} columns` };
    }
  }
  return undefined;
}
