import { pointerToken } from '../../model/json-pointer.js';
import { resolveNumber } from './scalar.js';
import { maxDepth, SyntaxProblem, type Member, type SyntaxNode } from './syntax.js';

const space = /[ \t\r\n]*/y;
// Plain characters, then escapes, each with the plain ones after it. So there is only one way to match a string, even a
// broken one.
const stringToken = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const wordToken = /true|false|null/y;

/** Offset of the first character from `at` on that is not JSON's white space. */
export function skipSpace(text: string, at: number): number {
  return match(space, text, at)?.end ?? at;
}

function match(token: RegExp, text: string, at: number): { readonly source: string; readonly end: number } | undefined {
  token.lastIndex = at;
  const found = token.exec(text);
  return found === null ? undefined : { source: found[0], end: token.lastIndex };
}

/**
 * Reads one JSON value (RFC 8259). Strict: no comments, no trailing commas, no key twice.
 *
 * @param at offset where the value, or white space before it, starts
 * @throws SyntaxProblem naming offset and JSON pointer
 */
export function parseJson(text: string, at: number): SyntaxNode {
  return parseValue(text, skipSpace(text, at), '', 0);
}

function parseValue(text: string, at: number, path: string, depth: number): SyntaxNode {
  if (depth > maxDepth) throw new SyntaxProblem(`nested deeper than ${maxDepth} levels`, at, path);
  const first = text[at];
  if (first === '{' || first === '[') return parseCollection(text, at, path, depth);
  const located = { kind: 'scalar', start: at, anchor: undefined, intrinsic: undefined } as const;
  if (first === '"') {
    const { value, end } = parseString(text, at, path);
    return { ...located, end, style: 'double', value, exact: undefined };
  }
  const word = match(wordToken, text, at);
  if (word !== undefined) {
    const value = word.source === 'null' ? null : word.source === 'true';
    return { ...located, end: word.end, style: 'plain', value, exact: undefined };
  }
  const number = match(numberToken, text, at);
  if (number !== undefined) return { ...located, end: number.end, style: 'plain', ...resolveNumber(number.source) };
  throw new SyntaxProblem(first === undefined ? 'the JSON ends too early' : 'a JSON value is expected here', at, path);
}

function parseString(text: string, at: number, path: string): { readonly value: string; readonly end: number } {
  const token = match(stringToken, text, at);
  if (token === undefined) throw new SyntaxProblem('a JSON string is broken or not closed', at, path);
  const value: unknown = JSON.parse(token.source);
  return { value: String(value), end: token.end };
}

function parseCollection(text: string, start: number, path: string, depth: number): SyntaxNode {
  const kind = text[start] === '{' ? 'map' : 'seq';
  const close = kind === 'map' ? '}' : ']';
  const members: Member[] = [];
  const keys = new Set<string>();
  let at = skipSpace(text, start + 1);
  if (text[at] !== close) {
    for (;;) {
      const memberStart = at;
      let key = '';
      let gap = at;
      if (kind === 'map') {
        if (text[at] !== '"') throw new SyntaxProblem('a JSON object needs a key in double quotes here', at, path);
        const token = parseString(text, at, path);
        key = token.value;
        if (keys.has(key)) throw new SyntaxProblem(`the key ${JSON.stringify(key)} is there twice`, at, path);
        keys.add(key);
        at = skipSpace(text, token.end);
        if (text[at] !== ':') throw new SyntaxProblem('a colon is expected here', at, path);
        gap = at + 1;
      }
      const inner = `${path}/${kind === 'map' ? pointerToken(key) : members.length}`;
      const value = parseValue(text, skipSpace(text, gap), inner, depth + 1);
      at = skipSpace(text, value.end);
      const comma = text[at] === ',' ? at : undefined;
      members.push({ key, merge: false, start: memberStart, gap, value, end: value.end, comma });
      if (comma === undefined) break;
      at = skipSpace(text, comma + 1);
    }
  }
  if (text[at] !== close) throw new SyntaxProblem(`a comma or ${close} is expected here`, at, path);
  return {
    kind,
    start,
    end: at + 1,
    anchor: undefined,
    intrinsic: undefined,
    style: 'flow',
    bodyStart: start,
    members,
  };
}
