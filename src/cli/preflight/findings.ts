import type { Refusal } from '../../cluster/dry-run/refusal.js';
import { sidesOf, type Preview, type PreviewRow } from '../preview/preview.js';
import type { NotAsked, Verdict } from './verdict.js';

/** What a preflight learned of each distinct pod. */
export type JudgedPreview = Preview<Verdict>;

/** Workloads of a namespace whose pods would be refused alike. */
export interface RefusedWorkloads {
  readonly namespace: string;
  readonly refusal: Refusal;
  /** Whether their pods are refused now, too. */
  readonly now: 'admitted' | 'refused' | 'unknown';
  readonly remedy: string;
  readonly workloads: readonly PreviewRow[];
}

/** Workloads of a namespace of which it is not known whether their pods would be refused, for one reason. */
export interface UnknownWorkloads {
  readonly namespace: string;
  readonly why: string;
  readonly workloads: readonly PreviewRow[];
}

/** How many workloads there are of each kind of verdict. */
export interface VerdictCounts {
  readonly admitted: number;
  readonly refused: number;
  /** Those of `refused` whose pods are refused now, too. */
  readonly refusedNow: number;
  /** The policies themselves would deny the pods. */
  readonly denied: number;
  readonly nothingAdded: number;
  readonly noRight: number;
  readonly unknown: number;
}

/** The verdict of a row. */
export function verdictIn(row: PreviewRow, preview: Pick<JudgedPreview, 'templates'>): Verdict {
  return sidesOf(row, preview).extra;
}

/** Groups what would be refused: those that only new policies bring about come first. */
export function refusedIn(preview: Pick<JudgedPreview, 'rows' | 'templates'>): readonly RefusedWorkloads[] {
  const groups = new Map<string, RefusedWorkloads & { readonly workloads: PreviewRow[] }>();
  for (const row of preview.rows) {
    const verdict = verdictIn(row, preview);
    if (verdict.kind !== 'refused') continue;
    const { refusal, now, remedy } = verdict;
    const key = JSON.stringify([row.namespace, refusal, now]);
    const group = groups.get(key) ?? { namespace: row.namespace, refusal, now, remedy, workloads: [] };
    group.workloads.push(row);
    groups.set(key, group);
  }
  const weight = ({ now }: RefusedWorkloads): number => (now === 'refused' ? 1 : 0);
  return [...groups.values()].sort((one, other) => weight(one) - weight(other));
}

/** Groups what could not be told. */
export function unknownIn(preview: Pick<JudgedPreview, 'rows' | 'templates'>): readonly UnknownWorkloads[] {
  const groups = new Map<string, UnknownWorkloads & { readonly workloads: PreviewRow[] }>();
  for (const row of preview.rows) {
    const verdict = verdictIn(row, preview);
    if (verdict.kind !== 'unknown') continue;
    const { why } = verdict;
    const key = JSON.stringify([row.namespace, why]);
    const group = groups.get(key) ?? { namespace: row.namespace, why, workloads: [] };
    group.workloads.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Counts workloads by verdict. */
export function countsOf(preview: Pick<JudgedPreview, 'rows' | 'templates'>): VerdictCounts {
  const counts = { admitted: 0, refused: 0, refusedNow: 0, denied: 0, nothingAdded: 0, noRight: 0, unknown: 0 };
  for (const row of preview.rows) {
    const verdict = verdictIn(row, preview);
    if (verdict.kind === 'refused' && verdict.now === 'refused') counts.refusedNow += 1;
    if (verdict.kind !== 'not_asked') counts[verdict.kind] += 1;
    else counts[countOfWhy[verdict.why]] += 1;
  }
  return counts;
}

const countOfWhy = {
  denied: 'denied',
  nothing_added: 'nothingAdded',
  no_right: 'noRight',
} as const satisfies Readonly<Record<NotAsked, keyof VerdictCounts>>;
