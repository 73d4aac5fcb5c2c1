import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/**
 * Why the first pod of a workload that is not ready is not ready: the container and what it waits for, or why the pod cannot
 * be scheduled.
 *
 * @returns `undefined` if no pod gives a reason
 */
export function podTrouble(pods: readonly JsonObject[]): string | undefined {
  for (const pod of pods) {
    const name = stringOf(objectOf(pod['metadata'])?.['name']) ?? '';
    const status = objectOf(pod['status']) ?? {};
    const said = containerTrouble(status) ?? schedulingTrouble(status);
    if (said !== undefined) return `pod ${name}: ${said}`;
  }
  return undefined;
}

// The wait of a container that is starting is not a problem.
const harmless = new Set(['ContainerCreating', 'PodInitializing']);

function containerTrouble(status: JsonObject): string | undefined {
  const containers = [...listOf(status['initContainerStatuses']), ...listOf(status['containerStatuses'])];
  for (const container of containers.filter(isObject)) {
    const waiting = objectOf(objectOf(container['state'])?.['waiting']);
    const reason = stringOf(waiting?.['reason']);
    if (reason === undefined || harmless.has(reason)) continue;
    const message = stringOf(waiting?.['message']);
    return `container ${stringOf(container['name']) ?? ''}: ${message === undefined ? reason : `${reason}: ${message}`}`;
  }
  return undefined;
}

function schedulingTrouble(status: JsonObject): string | undefined {
  const scheduled = listOf(status['conditions'])
    .filter(isObject)
    .find(({ type, status: held }) => type === 'PodScheduled' && held === 'False');
  return scheduled === undefined ? undefined : `not scheduled: ${stringOf(scheduled['message']) ?? ''}`;
}
