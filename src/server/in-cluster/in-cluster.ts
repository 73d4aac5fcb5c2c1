import { randomUUID } from 'node:crypto';
import { createDoor } from '../../admission/handler.js';
import { createSelfTestDoor } from '../../admission/self-test.js';
import { runElection } from '../../cluster/leader/election.js';
import type { Installation, WebhookAddress } from '../../cluster/registration/desired.js';
import { registeredPolicies } from '../../cluster/registration/desired.js';
import { followWithWatch } from '../../cluster/registration/follow.js';
import { parseMatchConditions } from '../../cluster/registration/match-conditions.js';
import { followPause } from '../../cluster/registration/pause-marker.js';
import { createRegistration } from '../../cluster/registration/registration.js';
import { createSelfTest } from '../../cluster/registration/self-test.js';
import { openClusterState } from '../../cluster/state/cluster-state.js';
import type { Settings } from '../../config.js';
import type { ImageResolver } from '../../model/image.js';
import { version } from '../../model/version.js';
import { createClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import { reviewLog } from '../review-log.js';
import type { CertificateSource, HandlerSource } from '../sources.js';
import { createClusterEngine, excludedBySettings } from './cluster-engine.js';
import type { ClusterConnection } from './connect.js';
import { createObservations } from './observations.js';
import { managedTrust, type Trust } from './trust.js';

/** What a service in a cluster is made of. */
export interface InClusterOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly connection: ClusterConnection;
  readonly images: ImageResolver;
}

/** A service's sources in a cluster, and the leader's work beside them. */
export interface InCluster {
  readonly certificates: CertificateSource;
  readonly handlers: HandlerSource;
  /** Gives leadership up: another replica is to take over at once. */
  onDrain(): void;
  /** Ends every watch, waits until leadership is given up, and closes the connections. */
  close(): Promise<void>;
}

const minuteMs = 60_000;
// The first look at the nodes is waited for, so that the first pods get what fits; not for long, since without it they
// get what fits everywhere.
const factsWaitMs = 5_000;

/** Starts to follow the cluster and to take part in the election. */
export function openInCluster({ settings, logger, metrics, connection, images }: InClusterOptions): InCluster {
  const { client, timing, identity, facts } = connection;
  const matchConditions = parseMatchConditions(settings.matchConditions);
  const clusterMetrics = createClusterMetrics(metrics.registry);
  const ended = new AbortController();
  const leading = new AbortController();
  const { signal } = ended;
  const relistMs = settings.relistMinutes * minuteMs;
  const watching = { client, log: logger, metrics: clusterMetrics, relistMs, signal, ...timing };
  // Nothing calls a webhook that nobody serves yet.
  let serving = false;

  const state = openClusterState(watching);
  clusterMetrics.watchStaleness(() => state.staleness());
  const follow = followWithWatch({ ...watching, onFailure: () => clusterMetrics.countWatchFailure('registration') });
  const { instance, ownNamespace } = settings;
  const pause = followPause({ ...watching, instance, ownNamespace, follow });
  const registration = createRegistration({
    ...watching,
    installation: installationOf(settings),
    matchConditions,
    policies: () => (serving ? registeredPolicies(state.configuration().policies) : undefined),
    caBundle: () => trust.caBundle(),
    pause,
    follow,
  });
  const trust: Trust = managedTrust({
    settings,
    connection,
    logger,
    metrics: clusterMetrics,
    confirmed: () => registration.confirmedBundle(),
    signal,
  });
  trust.onBundle(registration.poke);
  state.onChange(({ configuration }) => {
    if (!configuration) return;
    metrics.knowPolicies(state.configuration().rules.policyNames);
    registration.poke();
  });
  const observations = createObservations({ version, cluster: () => facts.report().version });
  const selfTest = createSelfTest({
    ...watching,
    instance,
    ownNamespace,
    nonce: randomUUID,
    everySeconds: settings.probeSeconds,
    ready: () => !pause.paused() && registration.confirmedBundle() !== undefined,
    onResult: (result) => observations.selfTest(result),
  });
  const election = runElection({
    ...watching,
    namespace: ownNamespace,
    name: instance,
    identity,
    leaseSeconds: settings.leaseSeconds,
    observed: () => observations.text(),
    signal: AbortSignal.any([signal, leading.signal]),
    lead: async (term) => {
      await Promise.all([trust.lead(term), registration.run(term), selfTest(term)]);
    },
  });
  void facts.run(signal, () => undefined);

  return {
    certificates: async (context) => {
      const opened = await trust.source(context);
      observations.certificate(opened.pair);
      return {
        ...opened,
        watch: (onPair) =>
          opened.watch((pair) => {
            observations.certificate(pair);
            onPair(pair);
          }),
      };
    },
    handlers: async (_context, onHandlers) => {
      await Promise.all([state.synced, Promise.race([facts.refresh(signal), timing.sleep(factsWaitMs, signal)])]);
      const options = {
        engine: createClusterEngine({
          settings,
          state,
          facts,
          images,
          credentials: { secretState: () => 'unknown' as const },
        }),
        namespaceLabels: (namespace: string) => state.namespaceLabels(namespace),
        reread: state.reread,
        ...reviewLog(logger, metrics),
      };
      onHandlers({
        mutate: createDoor('mutate', options),
        validate: createDoor('validate', options),
        selfTest: createSelfTestDoor(identity),
      });
      metrics.countReload('success');
      serving = true;
      registration.poke();
    },
    onDrain: () => leading.abort(),
    close: async () => {
      leading.abort();
      ended.abort();
      await election;
      await client.close();
    },
  };
}

function installationOf(settings: Settings): Installation {
  return {
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    excludedNamespaces: excludedBySettings(settings),
    address: addressOf(settings),
    timeoutSeconds: settings.webhookTimeoutSeconds,
  };
}

function addressOf({ webhookUrl, webhookService }: Settings): WebhookAddress {
  if (webhookUrl !== '') return { url: webhookUrl };
  const [name = '', port = '443'] = webhookService.split(':');
  return { service: { name, port: Number(port) } };
}
