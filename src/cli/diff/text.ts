import { overlapsIn } from '../../engine/preview/overlaps.js';
import { policyLine } from '../preview/policy-line.js';
import { sidesOf, type Preview, type PreviewRow } from '../preview/preview.js';
import { restartOf } from '../preview/restarts.js';
import { growthText, paintSide, sideText, workloadName } from '../preview/side-text.js';
import { changeIn, type PreviewSummary } from '../preview/summary.js';
import type { NamespaceGrowth } from '../preview/sums.js';
import { plain } from '../text/plain.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import { growthTable } from '../preview/growth-table.js';
import { overlapLines, summaryLines } from './sentences.js';

/** What the table shows. */
export interface DiffTextOptions {
  /** Also what does not change, with details. */
  readonly wide: boolean;
  /** Name the namespaces. */
  readonly namespaces: boolean;
  readonly style: Style;
}

/** A preview for people. */
export function diffText(
  preview: Preview,
  growth: readonly NamespaceGrowth[],
  summary: PreviewSummary,
  options: DiffTextOptions,
): string {
  const { style, wide } = options;
  const shown = preview.rows.filter((row) => wide || isShown(row, preview));
  const overlaps = overlapLines(
    overlapsIn(preview.rows.map((row) => ({ namespace: row.namespace, sides: sidesOf(row, preview) }))),
  );
  const parts = [
    `${policyLine(preview.changes)}\n`,
    shown.length === 0 ? '' : workloadTable(shown, preview, options),
    growth.length === 0 ? '' : growthTable(growth, style),
    overlaps.map((line) => `${line}\n`).join(''),
    summaryLines(summary, preview)
      .map((line) => `${line}\n`)
      .join(''),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** A row that changes, or whose pods would be denied. */
export function isShown(row: PreviewRow, preview: Preview): boolean {
  return changeIn(row, preview) !== 'none' || sidesOf(row, preview).then.decision === 'deny';
}

function workloadTable(rows: readonly PreviewRow[], preview: Preview, options: DiffTextOptions): string {
  const { namespaces, style } = options;
  const titles = ['WORKLOAD', 'NOW', 'THEN', 'CONTAINERS', 'GROWTH', 'NEW PODS BY'];
  const head: Row = {
    cells: [...(namespaces ? ['NAMESPACE'] : []), ...titles].map(style.bold),
    below: [],
  };
  return table([head, ...rows.map((row) => rowOf(row, preview, options))]);
}

function rowOf(row: PreviewRow, preview: Preview, { namespaces, style, wide }: DiffTextOptions): Row {
  const sides = sidesOf(row, preview);
  const { now, then, example } = sides;
  const change = changeIn(row, preview);
  // The decision is the same, and something else is not.
  const other =
    change === 'parts' ? ' (other parts)' : change === 'policy' ? ` (by ${then.policy ?? 'no policy'})` : '';
  const cells = [
    ...(namespaces ? [row.namespace] : []),
    workloadName(row),
    style.dim(sideText(now)),
    `${paintSide(then, style)(sideText(then))}${other}`,
    then.containers.join(','),
    growthText(row, sides),
    restartOf(row, sides),
  ];
  const isExample = example.namespace === row.namespace && example.name === row.name;
  const about = isExample ? '' : ` (said of ${workloadName(example)} in ${example.namespace})`;
  const detail = (word: string, said: typeof now): string =>
    style.dim(`  ${word}: ${said.policy === undefined ? '' : `policy ${said.policy}: `}${plain(said.detail)}${about}`);
  return { cells, below: wide ? [detail('now', now), detail('then', then)] : [] };
}
