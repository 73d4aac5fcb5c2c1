import { version } from '../../model/version.js';
import { systemClock, type Clock } from '../../time/clock.js';
import { createApiClient, type ApiClient } from '../client/api-client.js';
import { Connection, type Impersonation } from '../client/connection.js';
import { loadKubeConfig, type ClusterChoice } from '../client/kube-config.js';
import { createTextReader, type TextReader } from '../client/read-text.js';
import { createExecutor, type Executor } from '../client/exec.js';
import { ServerClock } from '../client/server-clock.js';

/** A cluster as a command works with it. */
export interface OpenCluster {
  readonly client: ApiClient;
  readonly readText: TextReader;
  /** Runs a program in a container of a pod. */
  readonly exec: Executor;
  /** The API server's date, as soon as it has answered; until then this machine's. */
  readonly clock: Clock;
  /** The namespace of the kubeconfig's context; `default` if it has none. */
  readonly namespace: string;
}

/** The cluster, the user, and how long to wait. */
export interface ClusterRequest extends ClusterChoice {
  readonly impersonation?: Impersonation;
  /** The time limit of a request that sets none. */
  readonly requestTimeoutMs?: number;
}

/**
 * Opens a cluster with a person's own kubeconfig. This module loads the Kubernetes client, which takes a second, so commands
 * import it only if they use a cluster. The caller closes `client`.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export function openCluster({ impersonation, requestTimeoutMs, ...choice }: ClusterRequest): OpenCluster {
  const config = loadKubeConfig(choice);
  const connection = new Connection(config, undefined, impersonation);
  const userAgent = `outrider-cli/${version}`;
  const clock = new ServerClock(systemClock, silent);
  return {
    client: createApiClient(connection, userAgent, clock, requestTimeoutMs),
    clock,
    readText: createTextReader(connection, userAgent),
    exec: createExecutor(connection, userAgent),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
  };
}

// A command's own clock does not matter, because it uses the API server's date.
const silent = { error: () => undefined, info: () => undefined };
