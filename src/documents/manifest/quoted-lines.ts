import { CST, Lexer } from 'yaml';

/**
 * Quoted scalars over several lines of which one is indented less than its parent (W29). The specification forbids them
 * (YAML 1.2.2, 6.1), kubectl's parser reads them, and files have them. Our parser's lexer ends such a scalar at the line.
 */

/** The most that are searched in one document, because each costs a pass over the text. */
const mostScalars = 100;

/**
 * A text of the same length without line breaks in such scalars, so that every offset in it is the document's.
 *
 * @returns `undefined` where there is none
 */
export function joinQuotedLines(text: string): string | undefined {
  let joined: string | undefined;
  for (let count = 0; count < mostScalars; count++) {
    const found = cutScalar(joined ?? text);
    if (found === undefined) break;
    const before = joined ?? text;
    const scalar = before.slice(found.start, found.end).replace(/[\r\n]/g, ' ');
    joined = before.slice(0, found.start) + scalar + before.slice(found.end);
  }
  return joined;
}

/** Gives the scalars of a document's tokens the text that they have in the document. */
export function restoreQuotedLines(root: CST.Token, text: string): void {
  const waiting: CST.Token[] = [root];
  for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) {
    if (token.type === 'single-quoted-scalar' || token.type === 'double-quoted-scalar') {
      token.source = text.slice(token.offset, token.offset + token.source.length);
    } else if (token.type === 'document') {
      if (token.value !== undefined) waiting.push(token.value);
    } else if (CST.isCollection(token)) {
      for (const { key, value } of token.items) {
        if (key) waiting.push(key);
        if (value) waiting.push(value);
      }
    }
  }
}

/** The first quoted scalar that the lexer ends before its closing quote. */
function cutScalar(text: string): { readonly start: number; readonly end: number } | undefined {
  let offset = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    // Marks between lexemes, which are not in the text; the one of a scalar says that its text comes next.
    const type: ReturnType<typeof CST.tokenType> | undefined = isText ? undefined : CST.tokenType(lexeme);
    isText = type === 'scalar';
    if (isText || type === 'doc-mode' || type === 'flow-error-end') continue;
    if (type === 'single-quoted-scalar' || type === 'double-quoted-scalar') {
      const end = scalarEnd(text, offset);
      if (end === undefined) return undefined;
      if (end !== offset + lexeme.length) return { start: offset, end };
    }
    offset += lexeme.length;
  }
  return undefined;
}

/** The offset after the closing quote of a scalar; `undefined` without one. */
function scalarEnd(text: string, start: number): number | undefined {
  const inside = text[start] === "'" ? /[^']+|''/y : /[^"\\]+|\\[^]/y;
  inside.lastIndex = start + 1;
  let at = start + 1;
  while (inside.test(text)) at = inside.lastIndex;
  return at < text.length ? at + 1 : undefined;
}
