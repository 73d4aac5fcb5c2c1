import { version } from '../../model/version.js';
import { systemClock, type Clock } from '../../time/clock.js';
import { createApiClient, type ApiClient } from '../client/api-client.js';
import { Connection } from '../client/connection.js';
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
  /** The API server's date, once it has answered anything; until then this machine's. */
  readonly clock: Clock;
  /** Namespace of the kubeconfig's context; `default` where it has none. */
  readonly namespace: string;
}

/**
 * Opens a cluster with a person's own kubeconfig. This module loads the Kubernetes client, which takes a second:
 * commands import it only where a cluster is asked for. Whoever opens it closes `client`.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export function openCluster(choice: ClusterChoice): OpenCluster {
  const config = loadKubeConfig(choice);
  const connection = new Connection(config);
  const userAgent = `outrider-cli/${version}`;
  const clock = new ServerClock(systemClock, silent);
  return {
    client: createApiClient(connection, userAgent, clock),
    clock,
    readText: createTextReader(connection, userAgent),
    exec: createExecutor(connection, userAgent),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
  };
}

// A command's own clock matters to nobody: it uses the API server's date.
const silent = { error: () => undefined, info: () => undefined };
