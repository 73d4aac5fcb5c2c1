/** The characters of a name that is printed as it is. */
const plain = /^[\w./:@+-]+$/;
const mostCharacters = 64;

/**
 * A process's name for people. Its author may give it any bytes. So all but the plainest names are quoted, and invisible
 * characters and those that move text are escaped. A name can look like another name, but never like a line of ours.
 */
export function shownName(name: string): string {
  if (plain.test(name) && name.length <= mostCharacters) return name;
  const characters = Array.from(name);
  const shown = characters
    .slice(0, mostCharacters)
    .map((character) => (/[\p{C}\p{Z}\p{M}"\\]/u.test(character) && character !== ' ' ? escaped(character) : character))
    .join('');
  return `"${shown}"${characters.length > mostCharacters ? '…' : ''}`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return character === '"' || character === '\\' ? `\\${character}` : `\\u{${code.toString(16)}}`;
}
