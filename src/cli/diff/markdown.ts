import { overlapsIn } from '../../engine/preview/overlaps.js';
import { policyLine } from '../preview/policy-line.js';
import { sidesOf, type Preview, type PreviewRow } from '../preview/preview.js';
import { restartOf } from '../preview/restarts.js';
import { growthText, sideText, workloadName } from '../preview/side-text.js';
import type { PreviewSummary } from '../preview/summary.js';
import type { NamespaceGrowth } from '../preview/sums.js';
import { cell, markdownTable } from '../text/markdown.js';
import { changeText, quotaText } from '../preview/growth-table.js';
import { overlapLines, summaryLines } from './sentences.js';
import { isShown } from './text.js';

/** A comment on GitHub holds 65,536 characters. */
const most = { workloads: 45_000, growth: 12_000, overlaps: 10 } as const;

/** A preview as a comment on a pull request: what it comes to first, then what changes, those denied in front. */
export function markdownText(preview: Preview, growth: readonly NamespaceGrowth[], summary: PreviewSummary): string {
  const { rows } = preview;
  const shown = rows.filter((row) => isShown(row, preview)).sort(byWeight(preview));
  const overlaps = overlapsIn(rows.map((row) => ({ namespace: row.namespace, sides: sidesOf(row, preview) })));
  const lines = [
    policyLine(preview.changes),
    ...summaryLines(summary, preview),
    ...overlapLines(overlaps.slice(0, most.overlaps)),
  ];
  const parts = [
    '### What these policies change\n',
    `${lines.map(cell).join('\n\n')}\n`,
    shown.length === 0 ? '' : workloadTable(shown, preview),
    growth.length === 0 ? '' : growthTable(growth),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function workloadTable(rows: readonly PreviewRow[], preview: Preview): string {
  const titles = ['Namespace', 'Workload', 'Now', 'Then', 'Containers', 'Requests', 'New pods by'];
  const cells = rows.map((row) => {
    const sides = sidesOf(row, preview);
    const { now, then } = sides;
    return [
      row.namespace,
      workloadName(row),
      sideText(now),
      sideText(then),
      then.containers.join(', '),
      growthText(row, sides),
      restartOf(row, sides),
    ];
  });
  const { text, left } = markdownTable(titles, cells, most.workloads);
  return left === 0 ? text : `${text}\n${left} more: \`outrider diff -o wide\` lists them.\n`;
}

function growthTable(growth: readonly NamespaceGrowth[]): string {
  const titles = ['Growth in', 'Pods', 'All together', 'Quota'];
  const cells = growth.map((one) => [
    one.namespace,
    String(one.pods),
    changeText(one),
    one.quotas === undefined ? 'may not be read' : one.quotas.map(quotaText).join('; '),
  ]);
  const { text, left } = markdownTable(titles, cells, most.growth);
  return left === 0 ? text : `${text}\nAnd ${left} more namespaces.\n`;
}

function byWeight(preview: Preview) {
  const weight = (row: PreviewRow): number => (sidesOf(row, preview).then.decision === 'deny' ? 0 : 1);
  return (one: PreviewRow, other: PreviewRow): number => weight(one) - weight(other);
}
