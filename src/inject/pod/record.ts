import { isObject } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import { byApiServer, byWebhook, names } from '../../model/names.js';
import type { Operation } from '../../model/patch.js';
import { replace, set, type KeptOperations } from './kept-operations.js';
import type { Plan } from './plan.js';
import type { PodView } from './view.js';

/** What is written on a pod about its injection: records, never proof. */
export interface PodRecord {
  readonly status: 'injected' | 'partial';
  readonly policy: string;
  readonly reason: string;
  /** Profile, its version and the recipe's hash, and that of fitted amounts: `stampOf`. */
  readonly plan: string;
  /** Version of the access key that the pod gets, where that is known. */
  readonly credentials?: string | undefined;
}

/**
 * The plan as it is written on a pod: the rule's stamp, followed by a hash of the amounts that were fitted to the pod's
 * namespace, if any.
 */
export function stampOf(stamp: string, { fitted }: Pick<Plan, 'fitted'>): string {
  return fitted === undefined ? stamp : `${stamp}/${fitted}`;
}

/** Whether a plan on a pod belongs to a rule, fitted or not: a namespace's limits can change without the rule. */
export function isStampedBy(record: string, stamp: string): boolean {
  return record === stamp || (record.startsWith(stamp) && record.indexOf('/', stamp.length) === stamp.length);
}

const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

const byPath = `/metadata/labels/${pointerToken(names.by)}`;
const statusPath = `/metadata/labels/${pointerToken(names.status)}`;
const policyPath = annotationPath(names.policy);
const reasonPath = annotationPath(names.reason);
const planPath = annotationPath(names.plan);
const credentialsPath = annotationPath(names.credentials);
const safeToEvictPath = annotationPath(safeToEvict);

function annotationPath(name: string): string {
  return `/metadata/annotations/${pointerToken(name)}`;
}

/**
 * Writes the record, and what the autoscaler has to know.
 *
 * @param ops the operations so far. A pod that needs none keeps its record (E17)
 */
export function writeRecord(
  ops: Operation[],
  plan: Plan,
  view: PodView,
  record: PodRecord,
  kept: KeptOperations,
): void {
  const { metadata, labels, annotations } = view;
  const credentials = ops.length > 0 ? record.credentials : undefined;
  const evictable = withVolumes(annotations[safeToEvict], plan.evictableVolumes);
  if (!view.hasMetadata) ops.push({ op: 'add', path: '/metadata', value: {} });
  if (isObject(metadata['labels'])) {
    // The last to look at a pod records who judges it, because somebody may have added to what the API server's own policy
    // made.
    if (labels[names.by] === byApiServer) ops.push(replace(byPath, byWebhook));
    writeText(ops, statusPath, labels[names.status], record.status, kept);
  } else {
    ops.push(set(metadata, 'labels', '/metadata/labels', { [names.status]: record.status }));
  }
  if (!isObject(metadata['annotations'])) {
    const written = {
      [names.policy]: record.policy,
      [names.reason]: record.reason,
      [names.plan]: record.plan,
      ...(credentials === undefined ? {} : { [names.credentials]: credentials }),
      ...(evictable === undefined ? {} : { [safeToEvict]: evictable }),
    };
    ops.push(set(metadata, 'annotations', '/metadata/annotations', written));
    return;
  }
  writeText(ops, policyPath, annotations[names.policy], record.policy, kept);
  writeText(ops, reasonPath, annotations[names.reason], record.reason, kept);
  if (annotations[names.plan] === undefined) {
    // A value that is fitted to one namespace or pod would displace values that many pods get.
    ops.push(
      plan.fitted === undefined ? kept.add(planPath, record.plan) : { op: 'add', path: planPath, value: record.plan },
    );
  }
  if (credentials !== undefined) writeText(ops, credentialsPath, annotations[names.credentials], credentials);
  if (evictable !== undefined) {
    // Without others before it, the list is the names of our volumes.
    const ours = annotations[safeToEvict] === undefined ? kept : undefined;
    writeText(ops, safeToEvictPath, annotations[safeToEvict], evictable, ours);
  }
}

/** @param kept for a text of the rule; one that other things go into is not kept */
function writeText(
  ops: Operation[],
  path: string,
  present: string | undefined,
  value: string,
  kept?: KeptOperations,
): void {
  if (present === value) return;
  if (present !== undefined) ops.push(replace(path, value));
  else ops.push(kept === undefined ? { op: 'add', path, value } : kept.add(path, value));
}

/** The autoscaler's list with our volumes appended (E28); `undefined` when there are none. */
function withVolumes(list: string | undefined, volumes: readonly string[]): string | undefined {
  if (volumes.length === 0) return undefined;
  if (list === undefined) return volumes.join(',');
  const present = list.split(',').filter((name) => name !== '');
  return [...present, ...volumes.filter((name) => !present.includes(name))].join(',');
}
