import { parseJson, skipSpace } from './json.js';
import { SyntaxProblem, withOffset, type SyntaxNode } from './syntax.js';
import { parseYaml } from './yaml.js';

/** One document of a stream. */
export interface Piece {
  /** Offset of the piece in the stream. */
  readonly offset: number;
  readonly text: string;
  readonly format: 'yaml' | 'json';
  /** Offsets in it are relative to `text`; `undefined` when the document has no content. */
  readonly root: SyntaxNode | undefined;
}

/**
 * Cuts a stream into documents and reads each. YAML documents are separated by `---` and `...` lines, JSON documents by
 * nothing but their own end, as kubectl reads them. The pieces joined are the input.
 *
 * @throws SyntaxProblem with an offset into the whole stream
 */
export function splitDocuments(text: string): readonly Piece[] {
  return yamlBoundaries(text).flatMap((offset, index, all) => {
    const piece = text.slice(offset, all[index + 1] ?? text.length);
    return withOffset(offset, () => readPiece(piece, offset));
  });
}

/**
 * Reads the text of a single document.
 *
 * @throws SyntaxProblem also when there is more than one
 */
export function readDocument(text: string): Piece {
  const pieces = splitDocuments(text);
  const [first, second] = pieces;
  if (first === undefined || second !== undefined) {
    throw new SyntaxProblem('exactly one document is expected', second?.offset ?? 0);
  }
  return first;
}

/** A line that starts with `---` or `...` is a boundary wherever it is (YAML 1.2.2, 9.1.2). */
function yamlBoundaries(text: string): readonly number[] {
  const boundaries = [0];
  const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
  let pieceStart = 0;
  let started = false;
  for (let found = marker.exec(text); found !== null; found = marker.exec(text)) {
    if (found[0] === '---') {
      if (started || !isPrelude(text.slice(pieceStart, found.index))) {
        pieceStart = found.index;
        boundaries.push(pieceStart);
      }
      started = true;
    } else {
      const lineEnd = text.indexOf('\n', found.index);
      if (lineEnd === -1 || text.slice(lineEnd + 1).trim() === '') break;
      pieceStart = lineEnd + 1;
      boundaries.push(pieceStart);
      started = false;
    }
  }
  return boundaries;
}

/** Only comments, directives and blank lines: they belong to the document whose `---` comes next. */
function isPrelude(text: string): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*$/.test(text);
}

function readPiece(text: string, offset: number): readonly Piece[] {
  const start = /^\uFEFF?(?:---)?\s*/.exec(text)?.[0].length ?? 0;
  if (text[start] !== '{' && text[start] !== '[') return [{ offset, text, format: 'yaml', root: parseYaml(text) }];
  try {
    return readJsonStream(text, start, offset);
  } catch (jsonProblem) {
    if (!(jsonProblem instanceof SyntaxProblem)) throw jsonProblem;
    try {
      return [{ offset, text, format: 'yaml', root: parseYaml(text) }];
    } catch (yamlProblem) {
      // The first key shows which of the two was meant: JSON's is in double quotes.
      throw /^[{[]\s*["\]}]/.test(text.slice(start)) ? jsonProblem : yamlProblem;
    }
  }
}

function readJsonStream(text: string, start: number, offset: number): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let at = start;
  while (at < text.length) {
    const inner = withOffset(from, () => parseJson(text.slice(from), at - from));
    const valueEnd = from + inner.end;
    at = skipSpace(text, valueEnd);
    const lineEnd = text.indexOf('\n', valueEnd);
    const to = at === text.length ? at : lineEnd === -1 || lineEnd >= at ? at : lineEnd + 1;
    pieces.push({ offset: offset + from, text: text.slice(from, to), format: 'json', root: inner });
    from = to;
  }
  return pieces;
}
