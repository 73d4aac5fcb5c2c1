// A debug container that runs once: it prints, ends, and stays in the pod's spec as long as the pod exists.
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import { pathOf, resources } from '../client/resources.js';
import type { OpenCluster } from './open-cluster.js';

/** What to add, and to which pod. */
export interface DebugRun {
  readonly namespace: string;
  readonly pod: string;
  /** A whole ephemeral container. */
  readonly container: JsonObject & { readonly name: string };
  /** The time limit for each request. */
  readonly timeoutMs: number;
  /** The time limit for pulling the image, starting the container and running it. */
  readonly patienceMs: number;
}

/** The result. */
export type DebugRan =
  | { readonly added: true; readonly text: string }
  /** @property why it printed nothing, for people */
  | { readonly added: true; readonly text: undefined; readonly why: string }
  | { readonly added: false; readonly why: string };

const pollMs = 500;

/**
 * Adds a debug container to a pod and reads what it prints. Throws `ApiError` if the API server refuses to add it. Once it
 * is there, problems are returned as an answer, because the container stays.
 */
export async function runDebugContainer(
  { client, readText }: Pick<OpenCluster, 'client' | 'readText'>,
  { namespace, pod, container, timeoutMs, patienceMs }: DebugRun,
  { clock, sleep }: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly sleep: Sleep },
): Promise<DebugRan> {
  const path = pathOf(resources.pods, { namespace, name: pod });
  const before = await client.get(path, { timeoutMs });
  const has = listOf(objectOf(before['spec'])?.['ephemeralContainers']).length > 0;
  const operation = has
    ? { op: 'add', path: '/spec/ephemeralContainers/-', value: container }
    : { op: 'add', path: '/spec/ephemeralContainers', value: [container] };
  const address = pathOf(resources.pods, { namespace, name: pod, subresource: 'ephemeralcontainers' });
  const after = await client.patch(address, 'json', [operation], { timeoutMs });
  const added = listOf(objectOf(after['spec'])?.['ephemeralContainers'])
    .filter(isObject)
    .some(({ name }) => name === container.name);
  if (!added) return { added: false, why: 'the API server dropped the debug container' };
  const giveUpAtMs = clock.monotonicMs() + patienceMs;
  let seen = 'it has not started';
  try {
    while (clock.monotonicMs() < giveUpAtMs) {
      const state = stateIn(await client.get(path, { timeoutMs }), container.name);
      if (objectOf(state['terminated']) !== undefined) {
        const log = `${pathOf(resources.pods, { namespace, name: pod, subresource: 'log' })}?container=${encodeURIComponent(container.name)}`;
        return { added: true, text: await readText(log, timeoutMs) };
      }
      const waiting = objectOf(state['waiting']);
      if (waiting !== undefined) seen = `it waits: ${stringOf(waiting['reason']) ?? 'for no reason given'}`;
      await sleep(pollMs, AbortSignal.timeout(pollMs * 2));
    }
  } catch (error) {
    return { added: true, text: undefined, why: error instanceof Error ? error.message : String(error) };
  }
  return { added: true, text: undefined, why: `${seen} after ${Math.round(patienceMs / 1000)} s` };
}

function stateIn({ status }: JsonObject, name: string): JsonObject {
  const own = listOf(objectOf(status)?.['ephemeralContainerStatuses'])
    .filter(isObject)
    .find((each) => each['name'] === name);
  return objectOf(own?.['state']) ?? {};
}
