import { setMaxListeners } from 'node:events';
import { createDoor, type DoorOptions } from '../../admission/handler.js';
import { createSelfTestDoor } from '../../admission/self-test.js';
import { EventRecorder } from '../../cluster/events/recorder.js';
import { ClusterCredentials } from '../../cluster/secrets/credentials.js';
import { unlessAborted } from '../../time/abort.js';
import { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Settings } from '../../settings/table.js';
import type { CompileOptions } from '../../engine/rules.js';
import type { ImageResolver } from '../../model/image.js';
import { createClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import { reviewLog } from '../review-log.js';
import type { CertificateSource, HandlerSource } from '../sources.js';
import { ClusterEngines, type ClusterEngineSettings } from './cluster-engines.js';
import type { ClusterConnection } from './connect.js';
import { Leading, type LeadingSettings } from './leading.js';
import { Observations } from './observations.js';

/** The settings of a service in a cluster, beside those of every service. */
export type InClusterSettings = ClusterEngineSettings &
  LeadingSettings &
  Pick<Settings, 'relistMinutes' | 'mirrorSecrets' | 'events'>;

/** What a service in a cluster is made of. */
export interface InClusterOptions {
  readonly settings: InClusterSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly connection: ClusterConnection;
  readonly images: ImageResolver;
  /** What the agent's image starts, where the operator says so. */
  readonly argvOf?: CompileOptions['argvOf'];
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
// The first look at the nodes is waited for, so that pods get what fits, and the same from each replica; not for ever, since
// without it they get what fits everywhere.
const factsWaitMs = 30_000;

/**
 * Starts to follow the cluster and to take part in the election.
 * @throws OutriderError `usage` for settings that only a cluster reads
 */
export function openInCluster(options: InClusterOptions): InCluster {
  const { settings, logger, metrics, connection, images, argvOf } = options;
  const { client, timing, identity, facts } = connection;
  const clusterMetrics = createClusterMetrics(metrics.registry);
  const ended = new AbortController();
  const { signal } = ended;
  // Every watch and every part of the leader's work listens.
  setMaxListeners(0, signal);
  const watching = {
    client,
    log: logger,
    metrics: clusterMetrics,
    relistMs: settings.relistMinutes * minuteMs,
    signal,
    ...timing,
  };

  const state = new ClusterState({
    ...watching,
    compile: { mirrors: settings.mirrorSecrets, ...(argvOf === undefined ? {} : { argvOf }) },
  });
  const credentials = new ClusterCredentials({ client, clock: timing.clock, ownNamespace: settings.ownNamespace });
  const events = settings.events ? new EventRecorder({ ...watching, identity }) : undefined;
  const observations = new Observations(() => facts.report().version);
  const leading = new Leading({ settings, identity, watching, connection, state, credentials, observations });
  clusterMetrics.watchStaleness(() => new Map([...state.staleness(), ...leading.staleness()]));
  state.onChange(({ configuration }) => {
    if (configuration) metrics.knowPolicies(state.configuration().rules.policyNames);
  });
  void facts.run(signal, () => undefined);

  return {
    certificates: async (context) => {
      const opened = await leading.trust.source(context);
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
      await Promise.all([state.synced, Promise.race([facts.known, timing.sleep(factsWaitMs, signal)])]);
      const { onReviewed, onFailure } = reviewLog(logger, metrics);
      const engines = new ClusterEngines({
        settings,
        state,
        facts,
        images,
        credentials: { secretState: credentials.secretState, credentials: credentials.ahead },
        clock: timing.clock,
      });
      const doors: DoorOptions = {
        engine: () => engines.current(),
        otherVersions: {
          earlier: () => engines.earlier(),
          catchUp: (caller) => unlessAborted(Promise.all([state.catchUp(), facts.catchUp(signal)]), caller),
        },
        namespaceLabels: (namespace: string) => state.namespaceLabels(namespace),
        reread: state.reread,
        onFailure,
        onReviewed:
          events === undefined
            ? onReviewed
            : (reviewed, decision, pod) => {
                onReviewed(reviewed);
                events.record(reviewed, decision, pod);
              },
      };
      onHandlers({
        mutate: createDoor('mutate', doors),
        validate: createDoor('validate', doors),
        selfTest: createSelfTestDoor(identity),
      });
      metrics.countReload('success');
      leading.serving();
    },
    onDrain: () => leading.resign(),
    close: async () => {
      leading.resign();
      await events?.close();
      ended.abort();
      await leading.ended;
      await client.close();
    },
  };
}
