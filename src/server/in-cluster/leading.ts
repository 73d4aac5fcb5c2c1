import { setMaxListeners } from 'node:events';
import type { ApiClient } from '../../cluster/client/api-client.js';
import type { CoverageAudit } from '../../cluster/coverage/audit.js';
import { ReachHistory } from '../../cluster/coverage/reach-history.js';
import { DefaultsLook } from '../../cluster/defaults/defaults-look.js';
import { Election } from '../../cluster/leader/election.js';
import { followWithWatch, type Follow } from '../../cluster/registration/follow.js';
import { parseMatchConditions } from '../../cluster/registration/match-conditions.js';
import { PauseEvents } from '../../cluster/registration/pause-events.js';
import { PauseMarker } from '../../cluster/registration/pause-marker.js';
import { registeredPolicies } from '../../cluster/registration/registered-policy.js';
import type { ServedWays } from '../../cluster/registration/reconciler.js';
import { Registration } from '../../cluster/registration/registration.js';
import type { InForceLoop } from '../../cluster/registration/in-force-loop.js';
import type { SelfTestLoop } from '../../cluster/registration/self-test-loop.js';
import { CredentialsSweep } from '../../cluster/secrets/sweep.js';
import type { ClusterView } from '../../cluster/secrets/wanted.js';
import { owningClient } from '../../cluster/owned.js';
import { StatusWriter } from '../../cluster/status/writer.js';
import { clusterFacts, isOpenShift } from '../../settings/cluster-facts.js';
import { certificateMode } from '../../settings/check.js';
import { attach, exec, type Subject } from '../../model/doors.js';
import type { WatchedKind } from '../../observe/cluster-metrics.js';
import { excludedBySettings } from './cluster-engines.js';
import { LedApiServerPolicies } from './leading/api-server-policies.js';
import { LedAgentImages } from './leading/agent-images.js';
import { createCoverageAudit } from './leading/coverage.js';
import { LedTakeBack } from './leading/take-back.js';
import { installationOf } from './leading/installation.js';
import type { LeadingOptions } from './leading/options.js';
import { createInForce, createSelfTest } from './leading/self-tests.js';
import { credentialsStateOf } from './policy-reports.js';
import { GivenTrust, ManagedTrust, type Trust } from './trust.js';

const pauseMs = 5_000;

/**
 * A replica's part in leading the installation: takes part in the election from when this is made, and does the leader's work
 * while elected: certificate, webhook configurations, statuses, access keys, self-test, what the API server
 * fills in.
 */
export class Leading {
  readonly trust: Trust;
  /** Resolves when leadership is given up. */
  readonly ended: Promise<void>;
  readonly #options: LeadingOptions;
  readonly #excluded: ReadonlySet<string>;
  /** Makes objects that go with the installation. */
  readonly #client: ApiClient;
  readonly #follow: Follow;
  readonly #pause: PauseMarker;
  readonly #pauseEvents: PauseEvents | undefined;
  readonly #registration: Registration;
  readonly #sweep: CredentialsSweep;
  readonly #defaults: DefaultsLook;
  readonly #agents: LedAgentImages;
  readonly #apiServer: LedApiServerPolicies | undefined;
  readonly #statuses: StatusWriter;
  readonly #inForce: InForceLoop;
  readonly #selfTest: SelfTestLoop;
  readonly #reach = new ReachHistory();
  readonly #audit: CoverageAudit;
  readonly #takeBack: LedTakeBack;
  readonly #resigned = new AbortController();
  /** The doors that this replica serves; `undefined` if none yet. */
  #served: ReadonlySet<Subject> | undefined;

  constructor(options: LeadingOptions) {
    const { settings, watching } = options;
    const { instance, ownNamespace } = settings;
    const { serverClock } = options.connection;
    this.#options = options;
    this.#excluded = new Set(excludedBySettings(settings));
    this.#client = owningClient(watching.client, ownNamespace, instance);
    this.#follow = followWithWatch({
      ...watching,
      onFailure: () => {
        watching.metrics.countWatchFailure('registration');
        // Nothing observes the API server in the meantime. One that restarts may refuse calls before or after it is gone.
        this.#inForce.doubt();
      },
    });
    this.#pause = new PauseMarker({ ...watching, clock: serverClock, instance, ownNamespace, follow: this.#follow });
    this.#pauseEvents = this.#createPauseEvents();
    this.#inForce = createInForce(options, () => {
      this.#statuses.wake();
      this.#audit.changed();
    });
    this.#registration = this.#createRegistration();
    this.trust = this.#createTrust();
    this.#sweep = this.#createSweep();
    this.#defaults = this.#createDefaultsLook();
    this.#agents = this.#createAgents();
    this.#apiServer = this.#createApiServer();
    this.#takeBack = this.#createTakeBack();
    this.#audit = this.#createAudit();
    this.#statuses = this.#createStatuses();
    this.#selfTest = this.#createSelfTest();
    this.#passOnChanges();
    this.ended = this.#takePart();
  }

  /** Call this when this replica serves, with its doors. No webhook is registered before it is served. */
  serving(subjects: ReadonlySet<Subject>): void {
    this.#served = subjects;
    this.#registration.poke();
    this.#sweep.changed();
    this.#agents.changed();
    this.#apiServer?.changed();
    this.#audit.changed();
  }

  /** Call this when what is known of the cluster and its nodes has changed. */
  factsChanged(): void {
    this.#apiServer?.changed();
  }

  /** Call this when InstrumentationPlans of these namespaces have changed. */
  plansChanged(namespaces: ReadonlySet<string>): void {
    this.#apiServer?.namespacesChanged(namespaces);
  }

  /** Call this when what all replicas know about agents' images has changed. */
  agentImagesChanged(): void {
    this.#agents.changed();
    this.#statuses.wake();
  }

  /** Call this when what was taken back has changed. @param isAsked whether a person asks for a retry */
  takenBackChanged(isAsked: boolean): void {
    this.#apiServer?.leftChanged();
    if (isAsked) this.#takeBack.poke();
  }

  /** Call this when this replica has a pod instrumented. */
  instrumented(namespace: string): void {
    this.#takeBack.young.note(namespace);
  }

  /** Stops taking part, and gives up leadership at once. */
  resign(): void {
    this.#resigned.abort();
  }

  /** Whether the installation is paused now, according to the API server. @throws ApiError */
  async readPaused(): Promise<boolean> {
    return (await this.#pause.readLive(AbortSignal.timeout(pauseMs))) !== undefined;
  }

  /** Seconds since the API server last said anything about what only the leader's work follows. */
  staleness(): ReadonlyMap<WatchedKind, number> {
    return this.trust.staleness();
  }

  get #isServing(): boolean {
    return this.#served !== undefined;
  }

  #ways(): ServedWays {
    const { sessions, breakGlassGroups } = this.#options.settings;
    const subjects = new Set(this.#served);
    if (!sessions) for (const { key } of [exec, attach]) subjects.delete(key);
    return { subjects, isOff: !sessions, breakGlassGroups };
  }

  #createPauseEvents(): PauseEvents | undefined {
    const { settings, identity, watching, connection } = this.#options;
    const { instance, ownNamespace, events } = settings;
    if (!events) return undefined;
    const clock = connection.serverClock;
    return new PauseEvents({ ...watching, clock, instance, ownNamespace, identity, pause: this.#pause });
  }

  #createRegistration(): Registration {
    const { settings, state, watching } = this.#options;
    return new Registration({
      ...watching,
      installation: installationOf(settings),
      matchConditions: parseMatchConditions(settings.matchConditions),
      policies: () => {
        if (!this.#isServing) return undefined;
        const policies = registeredPolicies(state.configuration().policies);
        return this.#apiServer === undefined ? policies : this.#apiServer.withJudges(policies);
      },
      caBundle: () => this.trust.caBundle(),
      port: () => this.#options.port.choice(),
      ways: () => this.#ways(),
      pause: this.#pause,
      follow: this.#follow,
      onStanding: this.#inForce.stand,
      onOutcome: () => {
        this.#statuses.wake();
        this.#options.port.poke();
      },
    });
  }

  #createTrust(): Trust {
    const { settings, watching, connection } = this.#options;
    const { serverClock } = connection;
    if (certificateMode(settings) !== 'self-managed') return new GivenTrust(() => serverClock.wallMs());
    return new ManagedTrust({
      settings,
      client: this.#client,
      timing: { ...connection.timing, clock: serverClock },
      logger: watching.log,
      metrics: watching.metrics,
      confirmed: () => this.#registration.confirmedBundle(),
      signal: watching.signal,
    });
  }

  #createSweep(): CredentialsSweep {
    const { settings, watching, credentials } = this.#options;
    return new CredentialsSweep({
      ...watching,
      client: this.#client,
      credentials,
      mirrors: settings.mirrorSecrets,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      onReports: () => this.#statuses.wake(),
      view: () => this.#view(),
    });
  }

  /** What the sweep covers: nothing while paused, or while no replica is known to answer. */
  #view(): ClusterView | undefined {
    if (!this.#isServing || this.#pause.paused()) return undefined;
    const { rules, namespaces } = this.#options.state.configuration();
    return { rules, namespaces, excluded: this.#excluded };
  }

  #createDefaultsLook(): DefaultsLook {
    const { settings, watching, state, connection } = this.#options;
    const { facts } = connection;
    return new DefaultsLook({
      ...watching,
      state,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      seen: () => facts.seen(),
      factsOf: (seen) => clusterFacts(settings, seen),
      version: () => facts.report().version,
      onFound: () => this.#statuses.wake(),
    });
  }

  #createAgents(): LedAgentImages {
    return new LedAgentImages({
      ...this.#options,
      client: this.#client,
      isAtWork: () => this.#isServing && !this.#pause.paused(),
      onFound: () => this.#statuses.wake(),
    });
  }

  #createApiServer(): LedApiServerPolicies | undefined {
    const { byApiServer, takenBack } = this.#options;
    if (byApiServer === undefined) return undefined;
    const led = new LedApiServerPolicies({
      ...this.#options,
      ...byApiServer,
      client: this.#options.watching.client,
      isServing: () => this.#isServing,
      isPaused: () => this.#pause.paused(),
      ...(takenBack === undefined ? {} : { leaveToWebhook: takenBack.isIn }),
      onJudged: this.#registration.poke,
      onState: () => this.#statuses.wake(),
    });
    this.#pause.onChange(led.changed);
    return led;
  }

  #createAudit(): CoverageAudit {
    return createCoverageAudit({
      ...this.#options,
      isServing: () => this.#isServing,
      reach: this.#reach,
      onInstrumented: this.#takeBack.young.note,
      onResult: () => this.#statuses.wake(),
    });
  }

  #createTakeBack(): LedTakeBack {
    return new LedTakeBack({
      ...this.#options,
      client: this.#client,
      isAtWork: () => this.#isServing && !this.#pause.paused(),
      onResult: () => this.#statuses.wake(),
    });
  }

  #createStatuses(): StatusWriter {
    const { settings, watching, state, connection } = this.#options;
    return new StatusWriter({
      ...watching,
      state,
      excludedNamespaces: this.#excluded,
      webhookOf: (policy) => this.#registration.results().get(policy),
      inForceOf: (policy) => this.#inForce.policies().get(policy),
      credentialsOf: (policy) => credentialsStateOf(this.#sweep, policy),
      defaultsOf: (policy) => this.#defaults.of(policy),
      agentOf: (policy) => this.#agents.of(policy),
      claimedOf: this.#apiServer === undefined ? undefined : (policy) => this.#apiServer?.of(policy),
      coverage: () => (this.#audit.isOn ? this.#audit.report() : undefined),
      takenBackOf: (policy) => this.#takeBack.of(policy),
      sharedUser: () => isOpenShift(settings, connection.facts.seen()),
    });
  }

  #createSelfTest(): SelfTestLoop {
    return createSelfTest(this.#options, {
      ready: () => !this.#pause.paused() && this.#registration.confirmedBundle() !== undefined,
      onResult: (result) => {
        this.#options.observations.selfTest(result);
        const { reachable, at } = result;
        if (reachable !== undefined && this.#reach.note(reachable, Date.parse(at))) this.#audit.changed();
        this.#inForce.reached(result);
      },
    });
  }

  #passOnChanges(): void {
    this.trust.onBundle(this.#registration.poke);
    this.#options.port.leads({
      client: this.#client,
      confirmed: () => this.#registration.confirmedPort(),
      onChoice: this.#registration.poke,
    });
    this.#options.state.onChange(({ configuration, namespaces }) => {
      this.#sweep.changed();
      if (namespaces.size > 0) this.#apiServer?.namespacesChanged(namespaces);
      if (configuration) {
        this.#agents.changed();
        this.#apiServer?.changed();
        this.#registration.poke();
        this.#audit.changed();
      }
    });
  }

  #takePart(): Promise<void> {
    const { settings, identity, watching, connection, observations } = this.#options;
    const election = new Election({
      ...watching,
      client: this.#client,
      namespace: settings.ownNamespace,
      name: settings.instance,
      identity,
      leaseSeconds: settings.leaseSeconds,
      fit: () => connection.serverClock.agrees(),
      observed: () => observations.text(),
      lead: (term) => this.#lead(term),
    });
    return election.run(AbortSignal.any([watching.signal, this.#resigned.signal]));
  }

  async #lead(term: AbortSignal): Promise<void> {
    // Each part adds listeners, some of them one for everything they have in progress.
    setMaxListeners(0, term);
    await Promise.all([
      this.trust.lead(term),
      this.#options.port.lead(term),
      this.#registration.run(term),
      this.#pauseEvents?.run(term),
      this.#sweep.run(term),
      this.#defaults.run(term),
      this.#agents.run(term),
      this.#apiServer?.run(term),
      this.#statuses.run(term),
      this.#inForce.run(term),
      this.#selfTest.run(term),
      this.#audit.run(term),
      this.#takeBack.run(term),
    ]);
  }
}
