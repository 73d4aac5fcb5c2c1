/** A table: a heading for each column, and rows of as many cells. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A table in Markdown, as Prettier writes it: the first column to the left, the others to the right. */
export function markdownTable({ head, rows }: Table): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(4, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(row[column] ?? '', width, column)).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [first = [], ...rest] = cells;
  return [line(first), line(rule), ...rest.map(line)].join('\n');
}

/** A table for a terminal. */
export function textTable({ head, rows }: Table): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      widths
        .map((width, column) => pad(row[column] ?? '', width, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Tables below one another with their titles. */
export function print(tables: readonly Table[], form: 'table' | 'markdown'): string {
  const write = form === 'markdown' ? markdownTable : textTable;
  return tables.map((table) => `${table.title}\n\n${write(table)}\n`).join('\n');
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
