// Workloads whose new pods are left alone: their own table, below that of running pods.
import type { TakenBackEntry } from '../../model/taken-back.js';
import { takenBackWords } from '../text/taken-back.js';
import { table, type Row } from '../text/table.js';
import type { TableOptions } from './text.js';

/** Of the workloads that were taken back, those of a namespace, or all. By namespace, kind and name. */
export function takenBackText(
  entries: readonly TakenBackEntry[],
  nowMs: number,
  { namespaces, programName, style }: TableOptions,
): string {
  if (entries.length === 0) return '';
  const titles = ['WORKLOAD', 'POLICY', 'TAKEN BACK', 'TRIED AGAIN'];
  const head: Row = { cells: [...(namespaces ? ['NAMESPACE'] : []), ...titles].map(style.bold), below: [] };
  const rows = entries.map((entry): Row => {
    const { workload, ago, again, failed, next } = takenBackWords(entry, nowMs, programName);
    return {
      cells: [...(namespaces ? [entry.namespace] : []), workload, entry.policy, style.warn(ago), again],
      below: [`  ${failed}`, ...next.map((line) => style.dim(`  ${line}`))],
    };
  });
  return `\n${table([head, ...rows])}`;
}

/** The same for programs. */
export function takenBackData(entries: readonly TakenBackEntry[], nowMs: number, programName: string) {
  return entries.map((entry) => {
    const { namespace, policy, since, evidence, tries, stage, at } = entry;
    const { workload, next } = takenBackWords(entry, nowMs, programName);
    return { namespace, workload, policy, since, evidence, tries, stage, at, next };
  });
}
