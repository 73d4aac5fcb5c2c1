/** Returns whether a text matches. */
export type TextMatcher = (text: string) => boolean;

/**
 * Compiles one glob: `*` stands for any run of characters, including an empty one, and across `/`; `?` for exactly one
 * UTF-16 code unit; everything else for itself. The whole text has to match, and case counts.
 *
 * No regular expression and no backtracking: the leftmost place is taken for each piece between two stars, so time is
 * at most the text's length times the pattern's, whatever they contain.
 */
export function compileGlob(pattern: string): TextMatcher {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) {
    if (!first.includes('?')) return (text) => text === first;
    return (text) => text.length === first.length && pieceAt(text, first, 0);
  }
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  if (first === '' && last === '' && middle.length === 0) return () => true;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !pieceAt(text, first, 0) || !pieceAt(text, last, end)) return false;
    let from = first.length;
    for (const piece of middle) {
      const at = findPiece(text, piece, from);
      if (at < 0) return false;
      from = at + piece.length;
      if (from > end) return false;
    }
    return true;
  };
}

/** Compiles several globs into one matcher that holds when any of them does. No globs match nothing. */
export function compileGlobs(patterns: readonly string[]): TextMatcher {
  const plain = new Set<string>();
  const globs: TextMatcher[] = [];
  for (const pattern of patterns) {
    if (/[*?]/.test(pattern)) globs.push(compileGlob(pattern));
    else plain.add(pattern);
  }
  if (globs.length === 0) return (text) => plain.has(text);
  return (text) => plain.has(text) || globs.some((matches) => matches(text));
}

const questionMark = 0x3f;

function pieceAt(text: string, piece: string, at: number): boolean {
  for (let index = 0; index < piece.length; index += 1) {
    const wanted = piece.charCodeAt(index);
    if (wanted !== questionMark && wanted !== text.charCodeAt(at + index)) return false;
  }
  return true;
}

function findPiece(text: string, piece: string, from: number): number {
  if (!piece.includes('?')) return text.indexOf(piece, from);
  for (let at = from; at + piece.length <= text.length; at += 1) if (pieceAt(text, piece, at)) return at;
  return -1;
}
