import { policyLine } from '../preview/policy-line.js';
import type { NamespaceGrowth } from '../preview/sums.js';
import { cell, markdownTable, type MarkdownTable } from '../text/markdown.js';
import { plain } from '../text/plain.js';
import { refusedIn, unknownIn, type JudgedPreview, type RefusedWorkloads } from './findings.js';
import { limitsOfLook, refuserText, totalLines, workloadsText, type PreflightTotals } from './sentences.js';
import { tooSmall } from './text.js';

/** A comment on GitHub holds 65,536 characters. */
const longestTable = 40_000;
const mostLines = 20;

/** A preflight as a comment on a pull request. */
export function preflightMarkdown(
  preview: JudgedPreview,
  growth: readonly NamespaceGrowth[],
  totals: PreflightTotals,
): string {
  const refused = refusedIn(preview);
  const unknown = unknownIn(preview).map(
    ({ namespace, why, workloads }) => `Not known for ${workloadsText(workloads)} in ${namespace}: ${plain(why)}`,
  );
  const above = [policyLine(preview.changes), ...totalLines(totals)];
  const table = refused.length === 0 ? undefined : refusedTable(refused);
  const below = [
    ...(table === undefined || table.left === 0 ? [] : [`${table.left} more: outrider preflight lists them.`]),
    ...tooSmall(growth).slice(0, mostLines),
    ...unknown.slice(0, mostLines),
    ...(totals.asked === 0 ? [] : limitsOfLook),
  ];
  const parts = ['### What the cluster would refuse\n', paragraphs(above), table?.text ?? '', paragraphs(below)];
  return parts.filter((part) => part !== '').join('\n');
}

function refusedTable(groups: readonly RefusedWorkloads[]): MarkdownTable {
  const titles = ['Namespace', 'Workloads', 'Refused by', 'In its words', 'What to change'];
  const rows = groups.map(({ namespace, refusal, now, remedy, workloads }) => [
    namespace,
    workloadsText(workloads),
    `${refuserText(refusal)}${now === 'refused' ? ', as now' : ''}`,
    plain(refusal.words),
    remedy,
  ]);
  return markdownTable(titles, rows, longestTable);
}

function paragraphs(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.map(cell).join('\n\n')}\n`;
}
