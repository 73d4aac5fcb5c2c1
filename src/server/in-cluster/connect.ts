import { hostname } from 'node:os';
import type { Settings } from '../../settings/table.js';
import { createApiClient, type ApiClient } from '../../cluster/client/api-client.js';
import { Connection } from '../../cluster/client/connection.js';
import { loadKubeConfig } from '../../cluster/client/kube-config.js';
import { ServerClock } from '../../cluster/client/server-clock.js';
import { ClusterFactsReader } from '../../cluster/facts/cluster-facts.js';
import { createSecretSource } from '../../cluster/secrets/secret-source.js';
import { sleepByTimer, type Timing } from '../../time/sleep.js';
import { systemClock } from '../../time/clock.js';
import type { SecretSource } from '../../image/credentials/pull-secrets.js';
import { version } from '../../model/version.js';
import type { Logger } from '../../observe/logger.js';

/** The API server and what is read from it before anything else. Nothing is asked yet. */
export interface ClusterConnection {
  readonly client: ApiClient;
  readonly timing: Timing;
  /** The date that the API server's answers tell, and how far this machine's is from it. */
  readonly serverClock: ServerClock;
  /** This replica's name. */
  readonly identity: string;
  readonly facts: ClusterFactsReader;
  /** For look-ups; absent where pull secrets are not to be read. */
  readonly secrets: SecretSource | undefined;
}

/** The settings that say how the API server is reached, and what is read of it. */
export type ConnectionSettings = Pick<Settings, 'kubeconfig' | 'identity' | 'pullSecrets'>;

/**
 * Reads how the API server is reached. This module loads the Kubernetes client: it is imported only for `--cluster`.
 * @throws OutriderError `cluster_unavailable`
 */
export function connectCluster(settings: ConnectionSettings, log: Logger): ClusterConnection {
  const { kubeconfig } = settings;
  const connection = new Connection(loadKubeConfig(kubeconfig === '' ? {} : { kubeconfig }));
  const serverClock = new ServerClock(systemClock, log);
  const client = createApiClient(connection, `outrider/${version}`, serverClock);
  const timing: Timing = { clock: systemClock, random: Math.random, sleep: sleepByTimer };
  return {
    client,
    timing,
    serverClock,
    identity: settings.identity === '' ? hostname() : settings.identity,
    facts: new ClusterFactsReader({ client, log, ...timing }),
    secrets: settings.pullSecrets ? createSecretSource({ client, clock: timing.clock }) : undefined,
  };
}
