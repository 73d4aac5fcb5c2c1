import { setMaxListeners } from 'node:events';
import type { DoorOptions } from '../../admission/door-options.js';
import { createDoor } from '../../admission/handler.js';
import { createSelfTestDoor } from '../../admission/self-test.js';
import { EventRecorder } from '../../cluster/events/recorder.js';
import { ClusterLimits } from '../../cluster/limits/namespace-limits.js';
import { owningClient } from '../../cluster/owned.js';
import { CopyGuard } from '../../cluster/secrets/copy-guard.js';
import { ClusterCredentials } from '../../cluster/secrets/credentials.js';
import { Ledger } from '../../cluster/secrets/ledger.js';
import { unlessAborted } from '../../time/abort.js';
import { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Settings } from '../../settings/table.js';
import type { CompileOptions } from '../../engine/rules.js';
import type { ImageResolver } from '../../model/image.js';
import { ClusterMetrics } from '../../observe/cluster-metrics.js';
import { CoverageMetrics } from '../../observe/coverage-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import type { TlsPair } from '../../tls/pair.js';
import type { CallerProof } from '../proof.js';
import { reviewLog } from '../review-log.js';
import type { CertificateSource, HandlerSource } from '../sources.js';
import { ClusterEngines, type ClusterEngineSettings } from './cluster-engines.js';
import type { ClusterConnection } from './connect.js';
import { Leading, type LeadingSettings } from './leading.js';
import { Observations } from './observations.js';
import { Port, type PortSettings } from './port.js';
import { byProof, unprovenDoors } from './unproven-doors.js';

/** The settings of a service in a cluster, beside those of every service. */
export type InClusterSettings = ClusterEngineSettings &
  LeadingSettings &
  PortSettings &
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

const minuteMs = 60_000;
// How long to wait for the first look at the nodes, so that pods get what fits, and the same from each replica. Not for
// ever: without it pods get what fits everywhere.
const factsWaitMs = 30_000;

/**
 * A service's sources in a cluster, and the leader's work beside them: follows the cluster and takes part in the election from
 * when this is made.
 */
export class InCluster {
  readonly #options: InClusterOptions;
  readonly #ended = new AbortController();
  readonly #state: ClusterState;
  readonly #credentials: ClusterCredentials;
  readonly #events: EventRecorder | undefined;
  readonly #observations: Observations;
  readonly #port: Port;
  readonly #leading: Leading;
  #engines: ClusterEngines | undefined;

  /** @throws OutriderError `usage` for settings that only a cluster reads */
  constructor(options: InClusterOptions) {
    const { settings, logger, metrics, connection, argvOf } = options;
    const { client, timing, serverClock, identity, facts } = connection;
    const clusterMetrics = new ClusterMetrics(metrics.registry);
    const { signal } = this.#ended;
    // Every watch and every part of the leader's work listens.
    setMaxListeners(0, signal);
    const relistMs = settings.relistMinutes * minuteMs;
    const watching = { client, log: logger, metrics: clusterMetrics, relistMs, signal, ...timing };
    const compile = {
      mirrors: settings.mirrorSecrets,
      instance: settings.instance,
      ...(argvOf === undefined ? {} : { argvOf }),
    };

    this.#options = options;
    this.#state = new ClusterState({ ...watching, compile });
    this.#credentials = new ClusterCredentials({
      client,
      clock: timing.clock,
      ownNamespace: settings.ownNamespace,
      guard: this.#createGuard(),
      log: logger,
    });
    this.#events = settings.events ? new EventRecorder({ ...watching, identity }) : undefined;
    this.#port = new Port({ settings, watching });
    this.#observations = new Observations(
      () => facts.report().version,
      () => this.#port.observed(),
    );
    this.#leading = new Leading({
      settings,
      identity,
      watching,
      connection,
      state: this.#state,
      credentials: this.#credentials,
      observations: this.#observations,
      port: this.#port,
      engine: () => this.#enginesNow().current(),
      tell: this.#events?.tell,
      coverageMetrics: new CoverageMetrics(metrics.registry, timing.clock),
    });
    clusterMetrics.watchStaleness(() => new Map([...this.#state.staleness(), ...this.#leading.staleness()]));
    clusterMetrics.watchClockSkew(() => serverClock.skewMs());
    this.#state.onChange(({ configuration }) => {
      if (configuration) metrics.knowPolicies(this.#state.configuration().rules.policyNames);
    });
    void facts.run(signal, () => undefined);
  }

  /** The served certificate, which the leader's Lease tells of. */
  readonly certificates: CertificateSource = async (context) => {
    const opened = await this.#leading.trust.source(context);
    const take = (pair: TlsPair): void => {
      this.#observations.certificate(pair);
      this.#port.certificate(pair);
    };
    take(opened.pair);
    return {
      ...opened,
      watch: (onPair) =>
        opened.watch((pair) => {
          take(pair);
          onPair(pair);
        }),
    };
  };

  /** The doors, once the cluster is known: with the engine of the moment they need no others later. */
  readonly handlers: HandlerSource = async (_context, onHandlers) => {
    await this.#synced();
    const doors = this.#doors();
    const { logger, metrics, connection } = this.#options;
    const unproven = unprovenDoors(doors, { logger, metrics, clock: connection.timing.clock });
    const selfTest = createSelfTestDoor(connection.identity);
    onHandlers({
      pods: {
        mutate: byProof(createDoor('mutate', doors), createDoor('mutate', unproven)),
        validate: byProof(createDoor('validate', doors), createDoor('validate', unproven)),
      },
      selfTest: { mutate: selfTest, validate: selfTest },
    });
    metrics.countReload('success');
    this.#leading.serving();
  };

  /** Tells the API server from whoever else calls. */
  get proof(): CallerProof {
    return this.#port.proof;
  }

  /** Gives leadership up: another replica is to take over at once. */
  onDrain(): void {
    this.#leading.resign();
  }

  /** Ends every watch, waits until leadership is given up, and closes the connections. */
  async close(): Promise<void> {
    this.#leading.resign();
    await this.#events?.close();
    this.#ended.abort();
    await this.#leading.ended;
    await this.#options.connection.client.close();
  }

  #createGuard(): CopyGuard {
    const { ownNamespace, instance } = this.#options.settings;
    const client = owningClient(this.#options.connection.client, ownNamespace, instance);
    const ledger = new Ledger({ client, ownNamespace, instance });
    return new CopyGuard({ ledger, paused: () => this.#leading.readPaused() });
  }

  async #synced(): Promise<void> {
    const { facts, timing } = this.#options.connection;
    const known = Promise.all([facts.known, this.#port.known]);
    await Promise.all([this.#state.synced, Promise.race([known, timing.sleep(factsWaitMs, this.#ended.signal)])]);
  }

  #doors(): DoorOptions {
    const { logger, metrics } = this.#options;
    const { onReviewed, onFailure } = reviewLog(logger, metrics);
    const engines = this.#enginesNow();
    return {
      engine: () => engines.current(),
      otherVersions: {
        earlier: () => engines.earlier(),
        catchUp: (caller) => unlessAborted(this.#catchUp(), caller),
      },
      namespaceLabels: (namespace) => this.#state.namespaceLabels(namespace),
      reread: this.#state.reread,
      onFailure,
      onReviewed: (reviewed, decision, pod) => {
        onReviewed(reviewed);
        this.#events?.record(reviewed, decision, pod);
      },
    };
  }

  /** Made when they are first asked for, which is when the cluster is known: nothing was in force before. */
  #enginesNow(): ClusterEngines {
    return (this.#engines ??= this.#createEngines());
  }

  #createEngines(): ClusterEngines {
    const { settings, connection, images } = this.#options;
    const { client, facts, timing } = connection;
    const { secretState, ahead } = this.#credentials;
    return new ClusterEngines({
      settings,
      state: this.#state,
      facts,
      images,
      credentials: { secretState, credentials: ahead },
      limits: new ClusterLimits({ client, clock: timing.clock }),
      clock: timing.clock,
    });
  }

  #catchUp(): Promise<unknown> {
    return Promise.all([this.#state.catchUp(), this.#options.connection.facts.catchUp(this.#ended.signal)]);
  }
}
