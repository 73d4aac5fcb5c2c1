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

/** The API server and what is read from it first. No request is made yet. */
export interface ClusterConnection {
  readonly client: ApiClient;
  readonly timing: Timing;
  /** The date in the API server's answers, and how far this machine's differs from it. */
  readonly serverClock: ServerClock;
  /** This replica's name. */
  readonly identity: string;
  readonly facts: ClusterFactsReader;
  /** For look-ups; absent if pull secrets must not be read. */
  readonly secrets: SecretSource | undefined;
}

/** The settings for reaching the API server, and for what is read from it. */
export type ConnectionSettings = Pick<Settings, 'kubeconfig' | 'identity' | 'pullSecrets'>;

/**
 * Reads how to reach the API server. This module loads the Kubernetes client, so it is only imported for `--cluster`.
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
