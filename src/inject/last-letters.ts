// Quickly rules out, by its last letter, that a text is one of a few names. Every word of every pod is checked, and nearly
// none is such a name. Hashing each word for a look-up would cost more than the look-up.

/** The last letters of names, one bit each, modulo 32. */
export type LastLetters = number;

/** @param names none of them empty */
export function lastLettersOf(names: Iterable<string>): LastLetters {
  let letters = 0;
  for (const name of names) letters |= bitOf(name);
  return letters;
}

/** False for most texts that end in none of the names; true for all that do. */
export function mayEndLike(text: string, letters: LastLetters): boolean {
  return text.length > 0 && (letters & bitOf(text)) !== 0;
}

function bitOf(text: string): number {
  return 1 << text.charCodeAt(text.length - 1);
}
