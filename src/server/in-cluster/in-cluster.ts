import { setMaxListeners } from 'node:events';
import type { DoorOptions } from '../../admission/door-options.js';
import { createDoor } from '../../admission/handler.js';
import { createSelfTestDoor } from '../../admission/self-test.js';
import { KnownAgentImages } from '../../cluster/agent-images/known.js';
import { createUpdateDoor } from '../../admission/update-review.js';
import { EventRecorder } from '../../cluster/events/recorder.js';
import { ReportEvents } from '../../cluster/events/report-events.js';
import { ClusterLimits } from '../../cluster/limits/namespace-limits.js';
import { owningClient } from '../../cluster/owned.js';
import { CopyGuard } from '../../cluster/secrets/copy-guard.js';
import { ClusterCredentials } from '../../cluster/secrets/credentials.js';
import { Ledger } from '../../cluster/secrets/ledger.js';
import { unlessAborted } from '../../time/abort.js';
import { KnownTakenBack } from '../../cluster/take-back/known.js';
import { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Settings } from '../../settings/table.js';
import type { CompileOptions } from '../../engine/rules.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import { subjects } from '../../model/doors.js';
import type { ImageResolver } from '../../model/image.js';
import { InjectionMetrics } from '../../observe/injection-metrics.js';
import { ClusterMetrics } from '../../observe/cluster-metrics.js';
import { CoverageMetrics } from '../../observe/coverage-metrics.js';
import { TakeBackMetrics } from '../../observe/take-back-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import type { TlsPair } from '../../tls/pair.js';
import type { CallerProof } from '../proof.js';
import type { ReviewHandlers } from '../review-context.js';
import { reviewLog } from '../review-log.js';
import type { CertificateSource, HandlerSource } from '../sources.js';
import { ClusterEngines, type ClusterEngineSettings } from './cluster-engines.js';
import type { ClusterConnection } from './connect.js';
import { Leading } from './leading.js';
import { Learning, type LearningSettings } from './learning.js';
import type { LeadingSettings } from './leading/options.js';
import { Observations } from './observations.js';
import { Port, type PortSettings } from './port.js';
import { byProof, unprovenDoors } from './unproven-doors.js';
import { wayDoors } from './way-doors.js';

/** The additional settings of a service in a cluster. */
export type InClusterSettings = ClusterEngineSettings &
  LeadingSettings &
  PortSettings &
  LearningSettings &
  Pick<Settings, 'relistMinutes' | 'mirrorSecrets' | 'events'>;

/** The parts of a service in a cluster. */
export interface InClusterOptions {
  readonly settings: InClusterSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly connection: ClusterConnection;
  readonly images: ImageResolver;
  /** What the agent's image starts, if the operator says it. */
  readonly argvOf?: CompileOptions['argvOf'];
}

const minuteMs = 60_000;
// How long to wait for the first look at the nodes, so that pods get what fits, and the same from each replica. The wait is
// limited; without the nodes, pods get what fits everywhere.
const factsWaitMs = 30_000;

/**
 * A service's sources in a cluster, and the leader's other work: follows the cluster and takes part in the election
 * from when this is made.
 */
export class InCluster {
  readonly #options: InClusterOptions;
  readonly #ended = new AbortController();
  readonly #agentImages: KnownAgentImages;
  readonly #learning: Learning | undefined;
  readonly #takenBack: KnownTakenBack | undefined;
  readonly #state: ClusterState;
  readonly #credentials: ClusterCredentials;
  readonly #events: EventRecorder | undefined;
  readonly #reportEvents: ReportEvents | undefined;
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

    this.#options = options;
    this.#agentImages = new KnownAgentImages({
      ...watching,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      onChange: () => {
        this.#state.argvChanged();
        this.#leading.agentImagesChanged();
      },
      onFailure: () => clusterMetrics.countWatchFailure('agent-images'),
    });
    this.#learning =
      settings.apiServerPolicies === 'Off'
        ? undefined
        : new Learning({
            ...watching,
            settings,
            images: options.images,
            injections: new InjectionMetrics(metrics.registry),
            onChange: (namespaces) => this.#leading.plansChanged(namespaces),
            onFailure: () => clusterMetrics.countWatchFailure('plans'),
          });
    this.#takenBack =
      settings.takeBackAfter === 0
        ? undefined
        : new KnownTakenBack({
            ...watching,
            instance: settings.instance,
            ownNamespace: settings.ownNamespace,
            afterMs: settings.takeBackAfter,
            onChange: () => {
              this.#engines?.takenBackChanged();
              this.#leading.takenBackChanged((this.#takenBack?.content.retries.size ?? 0) > 0);
            },
            onFailure: () => clusterMetrics.countWatchFailure('taken-back'),
          });
    const compile = {
      mirrors: settings.mirrorSecrets,
      instance: settings.instance,
      argvOf: (image: string) =>
        argvOf?.(image) ?? this.#agentImages.argvOf(rewriteImage(image, settings.imageRewrites)),
    };
    this.#state = new ClusterState({ ...watching, compile });
    this.#credentials = new ClusterCredentials({
      client,
      clock: timing.clock,
      ownNamespace: settings.ownNamespace,
      guard: this.#createGuard(),
      log: logger,
    });
    this.#events = settings.events ? new EventRecorder({ ...watching, identity }) : undefined;
    this.#reportEvents =
      this.#events === undefined ? undefined : new ReportEvents({ ...watching, tell: this.#events.tell });
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
      images: options.images,
      agentImages: this.#agentImages,
      byApiServer: this.#learning,
      takenBack: this.#takenBack,
      operatorSays: (image) => argvOf?.(image),
      engine: () => this.#enginesNow().current(),
      tell: this.#events?.tell,
      takeBackMetrics: new TakeBackMetrics(metrics.registry, timing.clock),
      coverageMetrics: new CoverageMetrics(metrics.registry, timing.clock),
    });
    clusterMetrics.watchStaleness(() => new Map([...this.#state.staleness(), ...this.#leading.staleness()]));
    clusterMetrics.watchClockSkew(() => serverClock.skewMs());
    this.#state.onChange(({ configuration }) => {
      if (configuration) metrics.knowPolicies(this.#state.configuration().rules.policyNames);
    });
    void facts.run(signal, () => this.#leading.factsChanged());
  }

  /** The served certificate, which the leader's Lease describes. */
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

  /** The doors, once the cluster is known. They always use the current engine, so they never have to be replaced. */
  readonly handlers: HandlerSource = async (_context, onHandlers) => {
    await this.#synced();
    const handlers = this.#handlers();
    onHandlers(handlers);
    this.#options.metrics.countReload('success');
    this.#leading.serving(new Set(subjects.map(({ key }) => key).filter((key) => handlers[key] !== undefined)));
  };

  /** Tells the API server from other callers. */
  get proof(): CallerProof {
    return this.#port.proof;
  }

  /** Gives up leadership, so that another replica can take over at once. */
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

  /** By subject. A subject without handlers here has no doors, and no policy's entries name it. */
  #handlers(): ReviewHandlers {
    const { logger, metrics, connection } = this.#options;
    const doors = this.#doors();
    const unproven = unprovenDoors(doors, { logger, metrics, clock: connection.timing.clock });
    const selfTest = createSelfTestDoor(connection.identity);
    return {
      pods: {
        mutate: byProof(createDoor('mutate', doors), createDoor('mutate', unproven)),
        validate: byProof(createDoor('validate', doors), createDoor('validate', unproven)),
      },
      ...wayDoors({
        client: connection.client,
        logger,
        metrics,
        doors,
        unproven,
        earlier: () => this.#enginesNow().earlier(),
      }),
      selfTest: { mutate: selfTest, validate: selfTest },
      updates: { validate: byProof(createUpdateDoor(doors), createUpdateDoor(unproven)) },
    };
  }

  async #synced(): Promise<void> {
    const { facts, timing } = this.#options.connection;
    const known = Promise.all([
      facts.known,
      this.#port.known,
      this.#agentImages.read,
      this.#learning?.read,
      this.#takenBack?.read,
    ]);
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
        this.#learning?.reviewed(reviewed, pod);
        const { door, decision: kind, namespace } = reviewed;
        if (door === 'mutate' && (kind === 'inject' || kind === 'partial')) this.#leading.instrumented(namespace);
        if (decision.would === undefined) this.#events?.record(reviewed, decision, pod);
        else this.#reportEvents?.record(reviewed, decision, pod);
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
      images: this.#learning?.images ?? images,
      credentials: { secretState, credentials: ahead },
      limits: new ClusterLimits({ client, clock: timing.clock }),
      takenBack: this.#takenBack === undefined ? undefined : takenBackOf(this.#takenBack),
      clock: timing.clock,
    });
  }

  #catchUp(): Promise<unknown> {
    const { signal } = this.#ended;
    const agentImages = this.#agentImages.catchUp(signal).catch(() => undefined);
    const facts = this.#options.connection.facts.catchUp(signal);
    // Read policies only after the inputs of their compilation are known.
    return Promise.all([agentImages.then(() => this.#state.catchUp()), facts]);
  }
}

function takenBackOf(known: KnownTakenBack): () => KnownTakenBack['now'] {
  return () => known.now;
}
