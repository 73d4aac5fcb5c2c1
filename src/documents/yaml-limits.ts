import { CST } from 'yaml';

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

/**
 * Finds a token that more than so many collections enclose. Walks without recursion: what is found here would exhaust the
 * stack of all that comes later, and the parser's composer may even end the process over it, natively.
 *
 * @returns its offset; `undefined` when nothing is as deep
 */
export function tooDeepAt(root: CST.Token, maxDepth: number): number | undefined {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [{ token: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > maxDepth) return token.offset;
    if (token.type === 'document' && token.value !== undefined) waiting.push({ token: token.value, depth });
    if (!CST.isCollection(token)) continue;
    for (const { key, value } of token.items) {
      if (key) waiting.push({ token: key, depth: depth + 1 });
      if (value) waiting.push({ token: value, depth: depth + 1 });
    }
  }
  return undefined;
}
