import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ApiClient } from '../../cluster/client/api-client.js';
import { isApiError } from '../../cluster/client/api-error.js';
import { CoverageAudit } from '../../cluster/coverage/audit.js';
import { CoverageEvents } from '../../cluster/coverage/coverage-events.js';
import type { EventRecorder } from '../../cluster/events/recorder.js';
import { ReachHistory } from '../../cluster/coverage/reach-history.js';
import { calledSinceMs } from '../../cluster/coverage/called-since.js';
import { DefaultsLook } from '../../cluster/defaults/defaults-look.js';
import { Election } from '../../cluster/leader/election.js';
import type { Installation, WebhookAddress } from '../../cluster/registration/entry.js';
import { followWithWatch, type Follow } from '../../cluster/registration/follow.js';
import { parseMatchConditions } from '../../cluster/registration/match-conditions.js';
import { PauseEvents } from '../../cluster/registration/pause-events.js';
import { PauseMarker } from '../../cluster/registration/pause-marker.js';
import { registeredPolicies } from '../../cluster/registration/registered-policy.js';
import { Registration } from '../../cluster/registration/registration.js';
import { InForceLoop } from '../../cluster/registration/in-force-loop.js';
import { SelfTestLoop } from '../../cluster/registration/self-test-loop.js';
import type { ClusterCredentials } from '../../cluster/secrets/credentials.js';
import { CredentialsSweep } from '../../cluster/secrets/sweep.js';
import type { ClusterView } from '../../cluster/secrets/wanted.js';
import type { ClusterState } from '../../cluster/state/cluster-state.js';
import { owningClient } from '../../cluster/owned.js';
import { StatusWriter } from '../../cluster/status/writer.js';
import type { Timing } from '../../time/sleep.js';
import { clusterFacts, isOpenShift, type ClusterFactsSettings } from '../../settings/cluster-facts.js';
import { certificateMode } from '../../settings/check.js';
import type { Settings } from '../../settings/table.js';
import type { Engine } from '../../engine/engine.js';
import type { CoverageMetrics } from '../../observe/coverage-metrics.js';
import type { ClusterMetrics, WatchedKind } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { excludedBySettings, type ExcludedSettings } from './cluster-engines.js';
import type { ClusterConnection } from './connect.js';
import type { Observations } from './observations.js';
import { credentialsStateOf } from './policy-reports.js';
import type { Port } from './port.js';
import { GivenTrust, ManagedTrust, type ManagedTrustSettings, type Trust } from './trust.js';

/** The settings that webhook configurations are written by. */
type RegistrationSettings = ExcludedSettings &
  Pick<Settings, 'instance' | 'webhookUrl' | 'webhookService' | 'webhookTimeoutSeconds'>;

/** The settings of the leader's work. */
export type LeadingSettings = RegistrationSettings &
  ManagedTrustSettings &
  ClusterFactsSettings &
  Pick<Settings, 'certificates' | 'tlsCert' | 'cluster'> &
  Pick<Settings, 'matchConditions' | 'mirrorSecrets' | 'probeSeconds' | 'leaseSeconds' | 'events' | 'auditMinutes'>;

/** What the leader's work is made of. */
export interface LeadingOptions {
  readonly settings: LeadingSettings;
  readonly identity: string;
  readonly watching: Timing & {
    readonly client: ApiClient;
    readonly log: Logger;
    readonly metrics: ClusterMetrics;
    readonly relistMs: number;
    readonly signal: AbortSignal;
  };
  readonly connection: ClusterConnection;
  readonly state: ClusterState;
  readonly credentials: ClusterCredentials;
  readonly observations: Observations;
  readonly port: Port;
  /** The engine of the moment, which running pods are judged by. */
  readonly engine: () => Engine;
  readonly coverageMetrics: CoverageMetrics;
  /** Writes Events; absent where none are to be written. */
  readonly tell: EventRecorder['tell'] | undefined;
}

const pauseMs = 5_000;
const minuteMs = 60_000;

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
  readonly #statuses: StatusWriter;
  readonly #inForce: InForceLoop;
  readonly #selfTest: SelfTestLoop;
  readonly #reach = new ReachHistory();
  readonly #audit: CoverageAudit;
  readonly #resigned = new AbortController();
  #isServing = false;

  constructor(options: LeadingOptions) {
    const { settings, watching } = options;
    const { instance, ownNamespace } = settings;
    const { serverClock } = options.connection;
    this.#options = options;
    this.#excluded = new Set(excludedBySettings(settings));
    this.#client = owningClient(watching.client, ownNamespace, instance);
    this.#follow = followWithWatch({
      ...watching,
      onFailure: (error) => {
        watching.metrics.countWatchFailure('registration');
        // What it does meanwhile, nobody sees.
        if (isApiError(error, 'NoAnswer')) this.#inForce.doubt();
      },
    });
    this.#pause = new PauseMarker({ ...watching, clock: serverClock, instance, ownNamespace, follow: this.#follow });
    this.#pauseEvents = this.#createPauseEvents();
    this.#inForce = this.#createInForce();
    this.#registration = this.#createRegistration();
    this.trust = this.#createTrust();
    this.#sweep = this.#createSweep();
    this.#defaults = this.#createDefaultsLook();
    this.#audit = this.#createAudit();
    this.#statuses = this.#createStatuses();
    this.#selfTest = this.#createSelfTest();
    this.#passOnChanges();
    this.ended = this.#takePart();
  }

  /** Says that this replica answers: nothing calls a webhook that nobody serves yet. */
  serving(): void {
    this.#isServing = true;
    this.#registration.poke();
    this.#sweep.changed();
    this.#audit.changed();
  }

  /** Takes no part any more; what is led is given up at once. */
  resign(): void {
    this.#resigned.abort();
  }

  /** Whether the installation is paused, by what the API server says now. @throws ApiError */
  async readPaused(): Promise<boolean> {
    return (await this.#pause.readLive(AbortSignal.timeout(pauseMs))) !== undefined;
  }

  /** Seconds since the API server last said anything about what only the leader's work follows. */
  staleness(): ReadonlyMap<WatchedKind, number> {
    return this.trust.staleness();
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
      policies: () => (this.#isServing ? registeredPolicies(state.configuration().policies) : undefined),
      caBundle: () => this.trust.caBundle(),
      port: () => this.#options.port.choice(),
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

  /** What the sweep works on: nothing while paused, or while no replica is known to answer. */
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

  #createAudit(): CoverageAudit {
    const { settings, watching, state, connection, engine, coverageMetrics } = this.#options;
    const { serverClock } = connection;
    const { tell } = this.#options;
    const events =
      tell === undefined
        ? undefined
        : new CoverageEvents({
            tell,
            clock: serverClock,
            advises: (name) =>
              state
                .configuration()
                .rules.policies.ranked.some((one) => one.valid && one.name === name && one.spec.restart === 'Advise'),
          });
    return new CoverageAudit({
      ...watching,
      // Pods carry the API server's dates.
      clock: serverClock,
      metrics: coverageMetrics,
      everyMs: settings.auditMinutes * minuteMs,
      engine: () => (this.#isServing ? engine() : undefined),
      namespaces: () => state.configuration().namespaces,
      calledFor: (policy) => ({
        sinceMs: calledSinceMs(state.statusOf('policies', policy)),
        unreached: this.#reach.times(serverClock.wallMs()),
      }),
      onResult: (policies) => {
        this.#statuses.wake();
        if (policies !== undefined) events?.swept(policies);
      },
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
      coverage: () => (this.#audit.isOn ? this.#audit.report() : undefined),
      sharedUser: () => isOpenShift(settings, connection.facts.seen()),
    });
  }

  #createSelfTest(): SelfTestLoop {
    const { settings, watching, observations } = this.#options;
    return new SelfTestLoop({
      ...watching,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      nonce: randomUUID,
      everySeconds: settings.probeSeconds,
      ready: () => !this.#pause.paused() && this.#registration.confirmedBundle() !== undefined,
      onResult: (result) => {
        observations.selfTest(result);
        const { reachable, at } = result;
        if (reachable !== undefined && this.#reach.note(reachable, Date.parse(at))) this.#audit.changed();
        this.#inForce.reached(result);
      },
    });
  }

  #createInForce(): InForceLoop {
    const { settings, watching, connection } = this.#options;
    return new InForceLoop({
      ...watching,
      clock: connection.serverClock,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      nonce: randomUUID,
      onChange: () => {
        this.#statuses.wake();
        this.#audit.changed();
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
    this.#options.state.onChange(({ configuration }) => {
      this.#sweep.changed();
      if (configuration) {
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
    // Each part adds listeners, some of them one for everything they have under way.
    setMaxListeners(0, term);
    await Promise.all([
      this.trust.lead(term),
      this.#options.port.lead(term),
      this.#registration.run(term),
      this.#pauseEvents?.run(term),
      this.#sweep.run(term),
      this.#defaults.run(term),
      this.#statuses.run(term),
      this.#inForce.run(term),
      this.#selfTest.run(term),
      this.#audit.run(term),
    ]);
  }
}

function installationOf(settings: RegistrationSettings): Installation {
  return {
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    excludedNamespaces: excludedBySettings(settings),
    address: addressOf(settings),
    timeoutSeconds: settings.webhookTimeoutSeconds,
  };
}

function addressOf({ webhookUrl, webhookService }: RegistrationSettings): WebhookAddress {
  if (webhookUrl !== '') return { url: webhookUrl };
  const [name = '', port = '443'] = webhookService.split(':');
  return { service: { name, port: Number(port) } };
}
