import { quotaText } from '../preview/growth-table.js';
import type { PreviewRow } from '../preview/preview.js';
import { policyLine } from '../preview/policy-line.js';
import { paintSide, sideText, workloadName } from '../preview/side-text.js';
import { sidesOf } from '../preview/preview.js';
import type { NamespaceGrowth } from '../preview/sums.js';
import { plain } from '../text/plain.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import {
  refusedIn,
  unknownIn,
  verdictIn,
  type JudgedPreview,
  type RefusedWorkloads,
  type UnknownWorkloads,
} from './findings.js';
import { limitsOfLook, refuserText, totalLines, workloadsText, type PreflightTotals } from './sentences.js';
import type { Verdict } from './verdict.js';

/** What the table shows. */
export interface PreflightTextOptions {
  /** Also each workload. */
  readonly wide: boolean;
  readonly style: Style;
}

/** A preflight for people. */
export function preflightText(
  preview: JudgedPreview,
  growth: readonly NamespaceGrowth[],
  totals: PreflightTotals,
  { wide, style }: PreflightTextOptions,
): string {
  const parts = [
    `${policyLine(preview.changes)}\n`,
    wide && preview.rows.length > 0 ? workloadTable(preview, style) : '',
    table(refusedIn(preview).map((group) => refusedRow(group, style))),
    table(unknownIn(preview).map((group) => unknownRow(group, style))),
    lines(tooSmall(growth).map((line) => `${style.bad('✗')} ${line}`)),
    lines([...totalLines(totals), ...(totals.asked === 0 ? [] : limitsOfLook.map(style.dim))]),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** Quotas without room for what all pods together grow by, as far as it is known: a dry run of one pod does not show it. */
export function tooSmall(growth: readonly NamespaceGrowth[]): readonly string[] {
  return growth.flatMap(({ namespace, quotas }) =>
    quotas === undefined
      ? [`${namespace}  all pods together: its quotas may not be read`]
      : quotas.filter(({ fits }) => !fits).map((row) => `${namespace}  all pods together: quota ${quotaText(row)}`),
  );
}

function refusedRow({ namespace, refusal, now, remedy, workloads }: RefusedWorkloads, style: Style): Row {
  const since = { admitted: '', refused: ', as now', unknown: '; whether it does so now is not known' };
  return {
    cells: [
      `${now === 'refused' ? style.warn('!') : style.bad('✗')} ${namespace}`,
      `${style.bold(refuserText(refusal))} refuses ${workloadsText(workloads)}${since[now]}`,
    ],
    below: [`    ${plain(refusal.words)}`, `    fix: ${remedy}`],
  };
}

function unknownRow({ namespace, why, workloads }: UnknownWorkloads, style: Style): Row {
  return {
    cells: [`${style.warn('?')} ${namespace}`, `not known for ${workloadsText(workloads)}`],
    below: [`    ${plain(why)}`],
  };
}

function workloadTable(preview: JudgedPreview, style: Style): string {
  const titles = { cells: ['NAMESPACE', 'WORKLOAD', 'NOW', 'THEN', 'API SERVER'].map(style.bold), below: [] };
  const rowFor = (row: PreviewRow): Row => {
    const { now, then } = sidesOf(row, preview);
    const verdict = verdictIn(row, preview);
    const cells = [row.namespace, workloadName(row), style.dim(sideText(now)), paintSide(then, style)(sideText(then))];
    return { cells: [...cells, verdictText(verdict)], below: [] };
  };
  return table([titles, ...preview.rows.map(rowFor)]);
}

/** A verdict in a cell. */
export function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'admitted':
      return 'creates it';
    case 'refused':
      return `${refuserText(verdict.refusal)} refuses it${verdict.now === 'refused' ? ', as now' : ''}`;
    case 'unknown':
      return 'not known';
    case 'not_asked':
      return { nothing_added: '', denied: '', no_right: 'may not be asked' }[verdict.why];
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
