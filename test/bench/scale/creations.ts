import { createApiClient, type ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { byApiServer, names } from '../../../src/model/names.js';
import { pod, summaryOf } from '../../e2e/cluster/pods.js';

/** What is to be created, as the process that does it is told. */
export interface Order {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly pods: number;
  /** How many are asked for at a time. */
  readonly clients: number;
  /** The pods, except for their names. A pod of one container unless given. */
  readonly template?: JsonObject;
}

/** What happened to it. */
export interface Creations {
  readonly seconds: number;
  /** Of those that were created, in no order. */
  readonly latenciesMs: readonly number[];
  readonly instrumented: number;
  /** Of those, how many have the API server's label: no webhook wrote over it. */
  readonly byApiServer: number;
  /** What the API server said about those that it refused, the first few of them, and how many there are. */
  readonly failures: number;
  readonly reasons: readonly string[];
}

const patienceMs = 60_000;
const mostReasons = 5;

/** Creates pods as fast as the API server takes them, each client one at a time over a connection of its own. */
export async function createPods({ kubeconfig, namespace, pods, clients, template }: Order): Promise<Creations> {
  const path = pathOf(resources.pods, { namespace });
  const latenciesMs: number[] = [];
  const reasons: string[] = [];
  let [asked, instrumented, byItself, failures] = [0, 0, 0, 0];
  const work = async (client: ApiClient): Promise<void> => {
    while (asked < pods) {
      const wanted = named(template ?? pod('', { labels: { app: 'web' } }), `web-${asked++}`);
      const startMs = performance.now();
      try {
        const created = await client.create(path, wanted, { timeoutMs: patienceMs });
        latenciesMs.push(performance.now() - startMs);
        if (summaryOf(created).status === 'injected') instrumented++;
        if (objectOf(objectOf(created['metadata'])?.['labels'])?.[names.by] === byApiServer) byItself++;
      } catch (error) {
        if (!isApiError(error)) throw error;
        failures++;
        if (reasons.length < mostReasons) reasons.push(error.message);
      }
    }
  };
  const each = Array.from({ length: clients }, () =>
    createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'outrider-bench'),
  );
  // The handshakes are not what is measured.
  await Promise.all(each.map((client) => client.get(pathOf(resources.namespaces, { name: namespace }))));
  const startMs = performance.now();
  await Promise.all(each.map(work));
  const seconds = (performance.now() - startMs) / 1000;
  await Promise.all(each.map((client) => client.close()));
  return { seconds, latenciesMs, instrumented, byApiServer: byItself, failures, reasons };
}

function named(template: JsonObject, name: string): JsonObject {
  return { ...template, metadata: { ...objectOf(template['metadata']), name } };
}
