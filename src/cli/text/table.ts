import { stripVTControlCharacters } from 'node:util';

/** A row and the lines that are below it. */
export interface Row {
  readonly cells: readonly string[];
  readonly below: readonly string[];
}

/** Lines up cells in columns as wide as their widest cell. Colours take no width. */
export function table(rows: readonly Row[]): string {
  const widths: number[] = [];
  for (const { cells } of rows) {
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  return rows
    .map(({ cells, below }) => {
      const line = cells
        .map((cell, column) => padEnd(cell, widths[column] ?? 0))
        .filter((_, column) => widths[column] !== 0);
      return [line.join('  ').trimEnd(), ...below].map((text) => `${text}\n`).join('');
    })
    .join('');
}

/** Fills a text with blanks up to a width. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** How many characters of a text are visible. */
export function widthOf(text: string): number {
  return Array.from(graphemes.segment(stripVTControlCharacters(text))).length;
}

const graphemes = new Intl.Segmenter();
