/** A table, and how many rows did not fit. */
export interface MarkdownTable {
  readonly text: string;
  readonly left: number;
}

/**
 * A table of Markdown, as GitHub and GitLab show it.
 *
 * @param most how many characters it may have
 */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  most = Infinity,
): MarkdownTable {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;
  let text = `${line(titles)}|${titles.map(() => ' --- |').join('')}\n`;
  for (const [index, row] of rows.entries()) {
    const next = line(row);
    if (text.length + next.length > most) return { text, left: rows.length - index };
    text += next;
  }
  return { text, left: 0 };
}

const longest = 200;

/** A text as it is, cut where it is long: nothing in it is markup, a mention or an end of the cell. */
export function cell(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return short
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>|~#&]/g, (sign) => `\\${sign}`)
    .replaceAll('@', '@\u200b')
    .trim();
}
