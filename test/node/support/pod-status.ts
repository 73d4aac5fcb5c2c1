import { isObject, listOf, objectOf, stringOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';

/** What a container of a pod is doing, out of the pod's status. */
export interface ContainerStatus {
  readonly id: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Why it waits or ended: `CrashLoopBackOff`, `OOMKilled`, … */
  readonly reason: string;
  readonly exitCode: number | undefined;
  /** The exit code before its last restart. */
  readonly lastExitCode: number | undefined;
  readonly lastReason: string;
}

/** What a pod is doing. */
export interface PodStatus {
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly ip: string;
  /** When it was created and became Ready, in milliseconds since the epoch; whole seconds in Kubernetes. */
  readonly containers: Readonly<Record<string, ContainerStatus>>;
}

export function podStatus(pod: JsonObject): PodStatus {
  const status = objectOf(pod['status']) ?? {};
  const metadata = objectOf(pod['metadata']);
  const conditions = listOf(status['conditions']).filter(isObject);
  const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((list) =>
    listOf(status[list])
      .filter(isObject)
      .map((container): [string, ContainerStatus] => [stringOf(container['name']) ?? '', containerStatus(container)]),
  );
  return {
    name: stringOf(metadata?.['name']) ?? '',
    uid: stringOf(metadata?.['uid']) ?? '',
    phase: stringOf(status['phase']) ?? '',
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ip: stringOf(status['podIP']) ?? '',
    containers: Object.fromEntries(containers),
  };
}

/** @throws when the pod has no such container yet */
export function containerOf(pod: PodStatus, name: string): ContainerStatus {
  const container = pod.containers[name];
  if (container === undefined) throw new Error(`pod ${pod.name} has no status of container ${name} yet`);
  return container;
}

/** What one status of a container says. */
export function containerStatus(container: JsonObject): ContainerStatus {
  const state = objectOf(container['state']) ?? {};
  const kind = (['running', 'terminated', 'waiting'] as const).find((name) => name in state) ?? 'waiting';
  const last = objectOf(objectOf(container['lastState'])?.['terminated']);
  const now = objectOf(state[kind]);
  return {
    id: stringOf(container['containerID']) ?? '',
    ready: container['ready'] === true,
    restarts: Number(container['restartCount']),
    state: kind,
    reason: stringOf(now?.['reason']) ?? '',
    exitCode: numberOf(now?.['exitCode']),
    lastExitCode: numberOf(last?.['exitCode']),
    lastReason: stringOf(last?.['reason']) ?? '',
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
