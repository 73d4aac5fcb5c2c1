/** A regular expression, for the API server, of whatever one of some globs matches (`model/glob.ts`); empty for no globs. */
export function patternOf(globs: readonly string[]): string {
  return globs.length === 0 ? '' : `^(${globs.map(bodyOf).join('|')})$`;
}

/** In a reference, and in a container's name, there is no character of two code units, so that `?` is one in both. */
function bodyOf(glob: string): string {
  return Array.from(glob, (letter) => (letter === '*' ? '(?s:.*)' : letter === '?' ? '(?s:.)' : escaped(letter))).join(
    '',
  );
}

/** A text as a regular expression that matches it alone. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
