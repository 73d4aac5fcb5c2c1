import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../src/model/json.js';

/** What a node says about one container. */
export type ContainerStatus = JsonObject;

/** It waits, for this reason. */
export function waiting(reason: string, message?: string): ContainerStatus {
  return {
    ready: false,
    restartCount: 0,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
  };
}

/** It ended, and waits to be started again. */
export function crashing(exitCode: number, reason = 'Error', message?: string): ContainerStatus {
  const terminated = {
    exitCode,
    reason,
    ...(message === undefined ? {} : { message }),
    startedAt: '2026-11-29T10:00:01Z',
  };
  return {
    ready: false,
    restartCount: 4,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
    lastState: { terminated },
  };
}

/** It runs since then. */
export function runningSince(at: string, ready = true): ContainerStatus {
  return { ready, started: true, restartCount: 0, state: { running: { startedAt: at } } };
}

/** It ended well, then. */
export function doneAt(at: string): ContainerStatus {
  return { ready: true, restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: at } } };
}

/** Gives a pod a node's status of its containers: by name, or `*` for all others. */
export function withStatus(
  pod: JsonObject,
  statuses: Readonly<Record<string, ContainerStatus>>,
  { ready = false, since = '2026-11-29T10:00:00Z' }: { readonly ready?: boolean; readonly since?: string } = {},
): JsonObject {
  const spec = objectOf(pod['spec']) ?? {};
  const of = (list: string): readonly JsonObject[] =>
    listOf(spec[list])
      .filter(isObject)
      .flatMap((container) => {
        const name = stringOf(container['name']) ?? '';
        const status = statuses[name] ?? statuses['*'];
        return status === undefined ? [] : [{ name, image: container['image'] ?? '', imageID: '', ...status }];
      });
  return {
    ...pod,
    status: {
      phase: ready ? 'Running' : 'Pending',
      startTime: since,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }],
      initContainerStatuses: of('initContainers'),
      containerStatuses: of('containers'),
    },
  };
}
