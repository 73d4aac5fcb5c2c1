import type { ClusterInventory } from '../doctor/inventory.js';
import { OutriderError } from '../model/error.js';
import { stringOf } from '../model/json.js';
import { version as ownVersion } from '../model/version.js';
import type { ApiClient } from './client/api-client.js';
import { resources, pathOf } from './client/resources.js';

/** The cluster to read, and the time limit. */
export interface InventoryRequest {
  /** Path of a kubeconfig; absent: the one that kubectl would use. */
  readonly kubeconfig?: string;
  /** Context in it; absent: the current one. */
  readonly context?: string;
  /** For each request. */
  readonly timeoutMs: number;
}

const instead = 'or use --from with what kubectl get nodes,namespaces -o json prints';

/**
 * Reads the nodes, the namespaces and the version of a cluster: only GET requests. The call loads the client, because that
 * takes a while.
 *
 * @throws OutriderError `cluster_unavailable`: no configuration, an unknown context, no answer in time, or a refusal,
 *   each with what helps
 */
export async function readInventory({ timeoutMs, ...choice }: InventoryRequest): Promise<ClusterInventory> {
  const [{ loadKubeConfig }, { Connection }, { createApiClient }, { ApiError }] = await Promise.all([
    import('./client/kube-config.js'),
    import('./client/connection.js'),
    import('./client/api-client.js'),
    import('./client/api-error.js'),
  ]);
  const client: ApiClient = createApiClient(
    new Connection(loadKubeConfig({ ...choice, instead })),
    `outrider/${ownVersion}`,
  );
  const ask = async <T>(what: string, get: () => Promise<T>): Promise<T> => {
    try {
      return await get();
    } catch (cause) {
      const { status, message } = cause instanceof ApiError ? cause : { status: 0, message: String(cause) };
      throw unavailable(client.server, what, status, message, cause);
    }
  };
  try {
    const nodes = await ask('nodes', () => client.list(pathOf(resources.nodes), { timeoutMs }));
    const namespaces = await ask('namespaces', () => client.list(pathOf(resources.namespaces), { timeoutMs }));
    const limits = await readLimits(client, timeoutMs);
    const version = await ask('its version', () => client.get('/version', { timeoutMs }));
    return { nodes: nodes.items, namespaces: namespaces.items, limits, version: stringOf(version['gitVersion']) };
  } finally {
    await client.close();
  }
}

/** Empty if the account cannot list them. Then doctor says nothing about them. */
async function readLimits(client: ApiClient, timeoutMs: number): Promise<ClusterInventory['limits']> {
  try {
    const [ranges, quotas] = await Promise.all([
      client.list(pathOf(resources.limitRanges), { timeoutMs }),
      client.list(pathOf(resources.resourceQuotas), { timeoutMs }),
    ]);
    return { ranges: ranges.items, quotas: quotas.items };
  } catch {
    return undefined;
  }
}

function unavailable(server: string, what: string, status: number, message: string, cause: unknown): OutriderError {
  if (status === 401 || status === 403) {
    const who = status === 401 ? 'does not know the kubeconfig’s user' : `forbids its user to read ${what}`;
    return failure(
      `${server} ${who} (${status}); use an account that may list nodes and namespaces, or --from with what somebody else’s kubectl prints.`,
      cause,
    );
  }
  if (status !== 0) return failure(`${server} answers ${status} when asked for ${what}; try again later.`, cause);
  return failure(`${server} does not answer: ${message}; check the network and the kubeconfig.`, cause);
}

function failure(text: string, cause: unknown): OutriderError {
  return new OutriderError('cluster_unavailable', text, { cause });
}
