import type { Counter, Gauge, Registry } from 'prom-client';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge } from './open-metric.js';

/** A kind of object that is watched. */
export type WatchedKind =
  'policies' | 'profiles' | 'namespaces' | 'certificate' | 'registration' | 'agent-images' | 'plans' | 'taken-back';

/** Metrics of the work with the API server. */
export class ClusterMetrics {
  readonly #failures: Counter<'kind'>;
  readonly #leader: Gauge;
  readonly #registrations: Counter<'configuration' | 'cause' | 'result'>;
  readonly #reachable: Gauge;
  readonly #selfTestSeconds: Gauge;
  readonly #inForceTests: Counter<'result'>;
  readonly #conditions: Gauge<'condition' | 'status'>;
  readonly #mirrored: Gauge<'state'>;
  readonly #events: Counter<'result'>;
  readonly #paused: Gauge;
  #asksForProof: () => boolean = () => false;
  #clockSkewMs: () => number | undefined = () => undefined;
  #staleness: () => ReadonlyMap<WatchedKind, number> = () => new Map();

  /** Registers the metrics. */
  constructor(registry: Registry) {
    openGauge(registry, metricTable.watchStaleness, (gauge) => {
      gauge.reset();
      for (const [kind, seconds] of this.#staleness()) gauge.set({ kind }, seconds);
    });
    openGauge(registry, metricTable.clockSkew, (gauge) => {
      const skewMs = this.#clockSkewMs();
      if (skewMs === undefined) gauge.remove();
      else gauge.set(skewMs / 1000);
    });
    openGauge(registry, metricTable.portProof, (gauge) => gauge.set(this.#asksForProof() ? 1 : 0));
    this.#failures = openCounter(registry, metricTable.watchFailures);
    this.#leader = openGauge(registry, metricTable.leader);
    this.#registrations = openCounter(registry, metricTable.registrations);
    this.#reachable = openGauge(registry, metricTable.reachable);
    this.#selfTestSeconds = openGauge(registry, metricTable.selfTestDuration);
    this.#inForceTests = openCounter(registry, metricTable.inForceTests);
    this.#conditions = openGauge(registry, metricTable.policyConditions);
    this.#mirrored = openGauge(registry, metricTable.mirroredSecrets);
    this.#events = openCounter(registry, metricTable.events);
    this.#paused = openGauge(registry, metricTable.paused);
  }

  /** Sets how the seconds since the last sign of life of each watch is read. */
  watchStaleness(read: () => ReadonlyMap<WatchedKind, number>): void {
    this.#staleness = read;
  }

  /** Says where it is read how far our date is ahead of the API server's; `undefined` while nobody knows. */
  watchClockSkew(read: () => number | undefined): void {
    this.#clockSkewMs = read;
  }

  /** Says where it is read whether a review has to prove who sends it. */
  watchProof(read: () => boolean): void {
    this.#asksForProof = read;
  }

  /** Counts a watch or list that failed and is tried again. */
  countWatchFailure(kind: WatchedKind): void {
    this.#failures.inc({ kind });
  }

  /** Says whether this replica leads. */
  setLeader(leads: boolean): void {
    this.#leader.set(leads ? 1 : 0);
  }

  /** Counts a write of a webhook configuration; `repair` where someone else had changed what is ours. */
  countRegistration(
    configuration: 'mutating' | 'validating',
    cause: 'change' | 'repair',
    result: 'success' | 'failure',
  ): void {
    this.#registrations.inc({ configuration, cause, result });
  }

  /** Records the self-test: whether the API server reached the webhook, and how long the dry run took. */
  setReachable(reachable: boolean, seconds: number): void {
    this.#reachable.set(reachable ? 1 : 0);
    this.#selfTestSeconds.set(seconds);
  }

  /** Counts a self-test by which policies are proven to be in force: who called has loaded what is wanted, or is behind. */
  countInForceTest(result: 'current' | 'earlier' | 'failed'): void {
    this.#inForceTests.inc({ result });
  }

  /** Records how many policies have a condition with this status. */
  setPolicyCondition(condition: string, status: 'True' | 'False' | 'Unknown', policies: number): void {
    this.#conditions.set({ condition, status }, policies);
  }

  /** Records how many mirrored Secrets there are, and how many cannot be written. */
  setMirroredSecrets(state: 'current' | 'blocked', secrets: number): void {
    this.#mirrored.set({ state }, secrets);
  }

  /** Counts an Event that was written, or given up: too many, or refused. */
  countEvent(result: 'written' | 'dropped' | 'failed'): void {
    this.#events.inc({ result });
  }

  /** Says whether the installation is paused. */
  setPaused(paused: boolean): void {
    this.#paused.set(paused ? 1 : 0);
  }
}
