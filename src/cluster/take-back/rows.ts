// Rows of a table of pods, as kubectl prints it: enough to choose the pods that are read whole.
import { stringOf, type JsonObject } from '../../model/json.js';

/** A pod of a table. */
export interface PodRow {
  readonly name: string;
  /** The name without its last word: the same for all pods of one ReplicaSet. */
  readonly group: string;
  /** Rounded as kubectl shows it. */
  readonly ageMs: number;
  /** Whether a container of it cannot start or does not stay, or it is not Ready after restarts. */
  readonly isSuspect: boolean;
  /** Whether all of its containers are ready. */
  readonly isReady: boolean;
}

/** Reads a row. @param row by the names of the columns; `undefined` for one that is not as expected */
export function podRow(row: JsonObject): PodRow | undefined {
  const name = stringOf(row['Name']);
  const status = stringOf(row['Status']);
  const ready = /^(\d+)\/(\d+)$/.exec(stringOf(row['Ready']) ?? '');
  const ageMs = ageOf(stringOf(row['Age']) ?? '');
  if (name === undefined || status === undefined || ready === null || ageMs === undefined) return undefined;
  const isReady = ready[1] === ready[2] && status === 'Running';
  // A text, since it goes on with when the last one was: `3 (2m ago)`.
  const restarts = Number.parseInt(stringOf(row['Restarts']) ?? '0', 10);
  return { name, group: groupOf(name), ageMs, isReady, isSuspect: !isReady && (restarts > 0 || !isHarmless(status)) };
}

/** What comes before a pod's own part of its name. */
export function groupOf(podName: string): string {
  const at = podName.lastIndexOf('-');
  return at <= 0 ? podName : podName.slice(0, at);
}

const harmless = new Set([
  'Pending',
  'ContainerCreating',
  'PodInitializing',
  'Running',
  'Completed',
  'Terminating',
  'Succeeded',
]);

function isHarmless(status: string): boolean {
  return harmless.has(status) || /^Init:\d+\/\d+$/.test(status);
}

const unitMs: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
};

/** An age such as `90s`, `5m30s`, `3h2m` or `2d`. */
function ageOf(text: string): number | undefined {
  if (!/^(?:\d+[dhmsy])+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)([dhmsy])/g)) ms += Number(count) * (unitMs[unit] ?? 0);
  return ms;
}
