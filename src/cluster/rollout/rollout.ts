// The progress of the rollout of a Deployment, StatefulSet, DaemonSet or Argo Rollout, read from its status as `kubectl
// rollout status` does.
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** What an object and its status say about its pods. */
export interface Rollout {
  /** Whether its controller has seen the current object; until then the numbers belong to the previous one. */
  readonly isObserved: boolean;
  readonly wanted: number;
  /** Pods of the newest template. */
  readonly updated: number;
  readonly available: number;
  /** Pods of earlier templates that should be gone but still exist. */
  readonly old: number;
  /** Pods that the update strategy keeps as they are: those below a StatefulSet's partition. */
  readonly held: number;
  /** Why the controller has given up. */
  readonly failure: string | undefined;
  readonly isPaused: boolean;
  /** Whether pods are only replaced when they are deleted: `OnDelete`. */
  readonly isByHand: boolean;
  /** Whether one pod that is not ready holds up all others, also their replacement: a StatefulSet’s usual order. */
  readonly isOrdered: boolean;
  /** Whether something is left to do that the numbers do not show. */
  readonly isUnfinished: boolean;
}

/** Reads it; `undefined` for a kind that has no rollout. */
export function rolloutOf(object: JsonObject): Rollout | undefined {
  const read = readers[stringOf(object['kind']) ?? ''];
  return read?.(objectOf(object['spec']) ?? {}, objectOf(object['status']) ?? {}, objectOf(object['metadata']) ?? {});
}

/** Whether every pod that the strategy renews is of the newest template, and all are available. */
export function isComplete(rollout: Rollout): boolean {
  return isRolledOut(rollout) && rollout.available >= rollout.wanted;
}

/** Whether every pod that the strategy renews is of the newest template, available or not. */
export function isRolledOut({ isObserved, wanted, updated, old, held, isUnfinished }: Rollout): boolean {
  return isObserved && updated >= wanted - held && old === 0 && !isUnfinished;
}

/** How far it is, in a few words: `2 of 3 pods are new`. */
export function progressOf(rollout: Rollout): string {
  const { isObserved, wanted, updated, available, old, held, isUnfinished } = rollout;
  if (!isObserved) return 'its controller has not seen the change yet';
  if (updated < wanted - held) return `${updated} of ${wanted - held} pods are new`;
  if (old > 0) return `${old} old ${old === 1 ? 'pod is' : 'pods are'} still there`;
  if (available < wanted) return `${available} of ${wanted} pods are available`;
  return isUnfinished ? 'its controller has not finished yet' : `${available} of ${wanted} pods are available`;
}

type Reader = (spec: JsonObject, status: JsonObject, metadata: JsonObject) => Rollout;

const readers: Readonly<Record<string, Reader | undefined>> = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Rollout: argoRollout,
};

function deployment(spec: JsonObject, status: JsonObject, metadata: JsonObject): Rollout {
  const updated = numberIn(status, 'updatedReplicas');
  const progressing = conditionIn(status, 'Progressing');
  const isGivenUp = progressing?.['reason'] === 'ProgressDeadlineExceeded';
  const refused = conditionIn(status, 'ReplicaFailure');
  const why = [progressing, refused].flatMap((condition) => stringOf(condition?.['message']) ?? []);
  return {
    ...usual,
    isObserved: isSeen(status, metadata),
    wanted: numberIn(spec, 'replicas', 1),
    updated,
    available: numberIn(status, 'availableReplicas'),
    old: Math.max(0, numberIn(status, 'replicas') - updated),
    failure: isGivenUp ? why.join('; ') : undefined,
    isPaused: spec['paused'] === true,
  };
}

function statefulSet(spec: JsonObject, status: JsonObject, metadata: JsonObject): Rollout {
  const wanted = numberIn(spec, 'replicas', 1);
  const strategy = objectOf(spec['updateStrategy']) ?? {};
  const held = Math.min(wanted, numberIn(objectOf(strategy['rollingUpdate']) ?? {}, 'partition'));
  // Once there is only one revision, all pods belong to it, whatever the count says.
  const isOneRevision = status['currentRevision'] === status['updateRevision'];
  return {
    ...usual,
    isObserved: isSeen(status, metadata),
    wanted,
    updated: isOneRevision ? numberIn(status, 'replicas') : numberIn(status, 'updatedReplicas'),
    available: numberIn(status, 'availableReplicas', numberIn(status, 'readyReplicas')),
    held,
    isByHand: strategy['type'] === 'OnDelete',
    isOrdered: spec['podManagementPolicy'] !== 'Parallel',
    isUnfinished: held === 0 && !isOneRevision,
  };
}

function daemonSet(spec: JsonObject, status: JsonObject, metadata: JsonObject): Rollout {
  return {
    ...usual,
    isObserved: isSeen(status, metadata),
    wanted: numberIn(status, 'desiredNumberScheduled'),
    updated: numberIn(status, 'updatedNumberScheduled'),
    available: numberIn(status, 'numberAvailable'),
    isByHand: objectOf(spec['updateStrategy'])?.['type'] === 'OnDelete',
  };
}

/** Argo's `restartAt` makes no new template. Argo's controller evicts the pods that are older than that time. */
function argoRollout(spec: JsonObject, status: JsonObject, metadata: JsonObject): Rollout {
  const updated = numberIn(status, 'updatedReplicas');
  const phase = stringOf(status['phase']);
  const isAborted = status['abort'] === true;
  const isGivenUp = phase === 'Degraded' || isAborted;
  const restart = Date.parse(stringOf(spec['restartAt']) ?? '');
  const restarted = Date.parse(stringOf(status['restartedAt']) ?? '');
  const isRestarting = !Number.isNaN(restart) && !(restarted >= restart);
  return {
    ...usual,
    // It is a text here, and a number elsewhere.
    isObserved: Number(stringOf(status['observedGeneration'])) >= numberIn(metadata, 'generation'),
    wanted: numberIn(spec, 'replicas', 1),
    updated,
    available: numberIn(status, 'availableReplicas'),
    old: Math.max(0, numberIn(status, 'replicas') - updated),
    failure: isGivenUp ? (stringOf(status['message']) ?? (isAborted ? 'it was aborted' : 'it is degraded')) : undefined,
    isPaused: spec['paused'] === true || listOf(status['pauseConditions']).length > 0,
    isUnfinished: isRestarting || (phase !== undefined && phase !== 'Healthy'),
  };
}

const usual = {
  old: 0,
  held: 0,
  failure: undefined,
  isPaused: false,
  isByHand: false,
  isOrdered: false,
  isUnfinished: false,
} as const;

function isSeen(status: JsonObject, metadata: JsonObject): boolean {
  return numberIn(status, 'observedGeneration') >= numberIn(metadata, 'generation');
}

function numberIn(object: JsonObject, field: string, absent = 0): number {
  const value = object[field];
  return typeof value === 'number' ? value : absent;
}

function conditionIn(status: JsonObject, type: string): JsonObject | undefined {
  return listOf(status['conditions'])
    .filter(isObject)
    .find((condition) => condition['type'] === type);
}
