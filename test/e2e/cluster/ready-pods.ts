import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { isAborted } from '../../../src/time/abort.js';
import { sleepAwake } from '../../../src/time/sleep.js';
import { clientOf } from './in-cluster.js';

/** Stands in for kubelets: says about each pod that it runs and is ready. */
export interface ReadyPods {
  /** Namespaces whose new pods do not become ready. */
  readonly stuck: Set<string>;
  stop(): Promise<void>;
}

const pollMs = 200;

/** Starts it. An API server that does not answer is asked again. */
export function readyPods(kubeconfig: string): ReadyPods {
  const client = clientOf(kubeconfig);
  const stuck = new Set<string>();
  const over = new AbortController();
  const loop = (async () => {
    while (!isAborted(over.signal)) {
      await markAll(client, stuck).catch(() => undefined);
      await sleepAwake(pollMs, over.signal);
    }
  })();
  return {
    stuck,
    stop: async () => {
      over.abort();
      await loop;
      await client.close();
    },
  };
}

async function markAll(client: ApiClient, stuck: ReadonlySet<string>): Promise<void> {
  const { items } = await client.list(pathOf(resources.pods));
  for (const pod of items) {
    const metadata = objectOf(pod['metadata']);
    const namespace = stringOf(metadata?.['namespace']) ?? '';
    const name = stringOf(metadata?.['name']) ?? '';
    if (isReady(pod) || stuck.has(namespace)) continue;
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now() }] };
    const path = pathOf(resources.pods, { namespace, name, subresource: 'status' });
    await client.patch(path, 'merge', { status }).catch(() => undefined);
  }
}

function isReady({ status }: JsonObject): boolean {
  return listOf(objectOf(status)?.['conditions'])
    .filter(isObject)
    .some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True');
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
