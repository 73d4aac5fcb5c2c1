// Which pods of a namespace's table are read whole.
import type { TakenBackEntry } from '../../model/taken-back.js';
import { groupOf, type PodRow } from './rows.js';
import { youngMs } from './young-namespaces.js';

/** Pods that are read together: of one group, the fewest by which it can be judged. */
export interface ChosenPods {
  readonly namespace: string;
  readonly group: string;
  readonly names: readonly string[];
}

/** What is known of a group without reading a pod of it. */
export interface ChooseOptions {
  readonly namespace: string;
  readonly rows: readonly PodRow[];
  /** The state's entries of this namespace. */
  readonly entries: readonly TakenBackEntry[];
  /** How long a part has to fail. */
  readonly afterMs: number;
  readonly nowMs: number;
}

/** In how many pods trouble has to be seen. */
const mostOfGroup = 2;
/** Pods of a try are few; some more are read to see whether one got over it. */
const mostOfTry = 3;

/** Kinds whose pods have the name of an object in between in theirs. */
const throughAnother = new Set(['Deployment', 'Rollout', 'CronJob']);

/** Chooses the pods of one namespace. */
export function choosePods({ namespace, rows, entries, afterMs, nowMs }: ChooseOptions): readonly ChosenPods[] {
  const groups = new Map<string, PodRow[]>();
  for (const row of rows) {
    const rowsOf = groups.get(row.group);
    if (rowsOf === undefined) groups.set(row.group, [row]);
    else rowsOf.push(row);
  }
  return [...groups].flatMap(([group, of]) => {
    const entry = entries.find((one) => isGroupOf(group, one));
    const names = entry?.stage === 'Trying' ? ofTry(of, entry, nowMs) : ofSuspects(of, entry, afterMs, nowMs);
    return names.length === 0 ? [] : [{ namespace, group, names }];
  });
}

/** Whether pods of a group are a workload's, as their names are made. */
function isGroupOf(group: string, { kind, name }: TakenBackEntry): boolean {
  return (throughAnother.has(kind) ? groupOf(group) : group) === name.replace(/-$/, '');
}

function ofSuspects(
  rows: readonly PodRow[],
  entry: TakenBackEntry | undefined,
  afterMs: number,
  nowMs: number,
): readonly string[] {
  // What was there when the workload was taken back is there until somebody restarts it, and says nothing new.
  const newestMs = entry === undefined ? youngMs : Math.min(youngMs, nowMs - Date.parse(entry.since));
  return rows
    .filter(({ isSuspect, ageMs }) => isSuspect && ageMs >= afterMs - roundedMs && ageMs < newestMs)
    .sort((one, other) => one.ageMs - other.ageMs)
    .slice(0, mostOfGroup)
    .map(({ name }) => name);
}

/** The table's ages are rounded down, at most by this for what is young enough to matter. */
const roundedMs = 1_000;

function ofTry(rows: readonly PodRow[], { at }: TakenBackEntry, nowMs: number): readonly string[] {
  const triedMs = nowMs - Date.parse(at) + roundedMs;
  const tried = rows.filter(({ ageMs }) => ageMs <= triedMs);
  const recovered = rows.filter(({ ageMs, isReady }) => ageMs > triedMs && isReady);
  return [...tried, ...recovered]
    .sort((one, other) => one.ageMs - other.ageMs)
    .slice(0, mostOfTry)
    .map(({ name }) => name);
}

/** Whether all new pods of a group are suspects. */
export function isAllSuspect(rows: readonly PodRow[], group: string): boolean {
  return rows.every((row) => row.group !== group || row.ageMs >= youngMs || row.isSuspect);
}

/** Takes from each namespace in turn, so that none keeps the others waiting. */
export function inTurn(chosen: readonly (readonly ChosenPods[])[], mostPods: number): readonly ChosenPods[] {
  const taken: ChosenPods[] = [];
  let pods = 0;
  for (let round = 0; chosen.some((of) => of.length > round); round++) {
    for (const of of chosen) {
      const next = of[round];
      if (next === undefined) continue;
      pods += next.names.length;
      if (pods > mostPods) return taken;
      taken.push(next);
    }
  }
  return taken;
}
