// What a user who cannot read the policies can learn about running pods: what was written on the pods when they were
// created. Anybody can write such a record, so it is not a proof.
import type { ApiClient } from '../../cluster/client/api-client.js';
import { isApiError } from '../../cluster/client/api-error.js';
import { listRunningPods } from '../../cluster/live/list-pods.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { workloadOf } from '../../model/workload-of.js';
import { exitCodes, type Invocation } from '../command.js';
import { errorLine, lineOf } from '../errors.js';
import { asksForData, dataText } from '../options/output.js';
import { table } from '../text/table.js';

const timeoutMs = 10_000;

/** Pods of one workload with the same record. */
export interface RecordedPods {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly pods: number;
  /** Absent if the pods carry none. */
  readonly status?: string;
  readonly policy?: string;
  readonly reason?: string;
}

/** What running pods carry, and why there is no more. */
export interface PartialLook {
  readonly unread: OutriderError;
  readonly records: readonly RecordedPods[];
}

/** Returns a refusal by the API server's authorization as a value, and throws everything else. */
export function unlessForbidden(error: unknown): OutriderError {
  if (error instanceof OutriderError && isApiError(error.cause, 'Forbidden')) return error;
  throw error;
}

/**
 * Lists what running pods carry.
 *
 * @param unread why there is no more
 * @param namespace `undefined`: of all
 * @param only the requested workloads or pods; absent: all
 * @throws OutriderError `cluster_unavailable` if the pods cannot be read either
 */
export async function lookAtRecords(
  client: ApiClient,
  unread: OutriderError,
  namespace: string | undefined,
  only?: readonly { readonly kind: string; readonly name: string }[],
): Promise<PartialLook> {
  const pods = await listRunningPods(client, { ...(namespace === undefined ? {} : { namespace }), timeoutMs });
  return { unread, records: recordsOf(pods, only) };
}

/** Groups pods by workload and by what they carry. Pure. */
export function recordsOf(
  pods: readonly JsonObject[],
  only?: readonly { readonly kind: string; readonly name: string }[],
): readonly RecordedPods[] {
  const groups = new Map<string, RecordedPods>();
  for (const metadata of pods) {
    const { kind, name } = workloadOf(metadata) ?? { kind: 'Pod', name: '' };
    const pod = stringOf(metadata['name']);
    const asked = only?.find((each) => (each.kind === 'Pod' ? each.name === pod : isOf(each, { kind, name })));
    if (only !== undefined && asked === undefined) continue;
    const annotations = objectOf(metadata['annotations']);
    const status = stringOf(objectOf(metadata['labels'])?.[names.status]);
    const policy = stringOf(annotations?.[names.policy]);
    const reason = stringOf(annotations?.[names.reason]);
    const one = {
      namespace: stringOf(metadata['namespace']) ?? '',
      kind: asked?.kind ?? kind,
      name: asked?.name ?? name,
      ...(status === undefined ? {} : { status }),
      ...(policy === undefined ? {} : { policy }),
      ...(reason === undefined ? {} : { reason }),
    };
    const key = JSON.stringify(one);
    groups.set(key, { ...one, pods: (groups.get(key)?.pods ?? 0) + 1 });
  }
  return [...groups.values()].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

// A CronJob's pods belong to its Jobs, whose names begin with the CronJob's name.
function isOf(asked: { readonly kind: string; readonly name: string }, of: typeof asked): boolean {
  if (asked.kind === 'CronJob' && of.kind === 'Job') return /^-\d+$/.test(withoutStart(of.name, asked.name));
  return asked.kind === of.kind && asked.name === of.name;
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : '';
}

function keyOf({ namespace, kind, name }: RecordedPods): string {
  return JSON.stringify([namespace, kind, name]);
}

/** Prints the list to standard output, and to standard error why there is no more. */
export function printPartial({ unread, records }: PartialLook, { io, flags }: Invocation): number {
  if (asksForData(flags)) {
    io.stdout.write(dataText(flags, { unread: lineOf(unread), records }));
  } else if (records.length === 0) {
    io.stdout.write('No such pod runs.\n');
  } else {
    const titles = { cells: ['NAMESPACE', 'WORKLOAD', 'PODS', 'RECORD'], below: [] };
    const rows = records.map((one) => ({
      cells: [one.namespace, `${calledOf(one.kind)}/${one.name}`, String(one.pods), recordText(one)],
      below: [],
    }));
    io.stdout.write(table([titles, ...rows]));
  }
  io.stderr.write(errorLine(unread));
  io.stderr.write(
    'outrider: note: the list is of what running pods carry, which anybody can write. What the policies ask for is not known: somebody who installs Outrider can let you read them, by the ClusterRole that ends in -view.\n',
  );
  return exitCodes.error;
}

function calledOf(kind: string): string {
  return workloadKind(kind, undefined)?.called ?? kind.toLowerCase();
}

function recordText({ status, policy, reason }: RecordedPods): string {
  if (status === undefined) return 'none: as they were written, as far as they say';
  return `${status}${policy === undefined ? '' : ` by policy ${policy}`}${reason === undefined ? '' : `: ${reason}`}`;
}
