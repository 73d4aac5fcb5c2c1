import type { Registry } from 'prom-client';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge } from './open-metric.js';

/** A kind of object that is watched. */
export type WatchedKind = 'policies' | 'profiles' | 'namespaces' | 'certificate' | 'registration';

/** What is measured of the work with the API server. */
export interface ClusterMetrics {
  /** Says where the seconds since the last sign of life of each watch are read. */
  watchStaleness(read: () => ReadonlyMap<WatchedKind, number>): void;
  /** Counts a watch or list that failed and is tried again. */
  countWatchFailure(kind: WatchedKind): void;
  /** Says whether this replica leads. */
  setLeader(leads: boolean): void;
  /** Counts a write of a webhook configuration; `repair` where somebody else had changed what is ours. */
  countRegistration(
    configuration: 'mutating' | 'validating',
    cause: 'change' | 'repair',
    result: 'success' | 'failure',
  ): void;
  /** Records the self-test: whether the API server reached the webhook, and how long the dry run took. */
  setReachable(reachable: boolean, seconds: number): void;
  /** Records how many policies have a condition with this status. */
  setPolicyCondition(condition: string, status: 'True' | 'False' | 'Unknown', policies: number): void;
  /** Records how many mirrored Secrets there are, and how many cannot be written. */
  setMirroredSecrets(state: 'current' | 'blocked', secrets: number): void;
  /** Counts an Event that was written, or given up: too many, or refused. */
  countEvent(result: 'written' | 'dropped' | 'failed'): void;
  /** Says whether the installation is paused. */
  setPaused(paused: boolean): void;
}

/** Registers the metrics of the work with the API server. */
export function createClusterMetrics(registry: Registry): ClusterMetrics {
  let staleness = (): ReadonlyMap<WatchedKind, number> => new Map();
  openGauge(registry, metricTable.watchStaleness, (gauge) => {
    gauge.reset();
    for (const [kind, seconds] of staleness()) gauge.set({ kind }, seconds);
  });
  const failures = openCounter(registry, metricTable.watchFailures);
  const leader = openGauge(registry, metricTable.leader);
  const registrations = openCounter(registry, metricTable.registrations);
  const reachable = openGauge(registry, metricTable.reachable);
  const selfTestSeconds = openGauge(registry, metricTable.selfTestDuration);
  const conditions = openGauge(registry, metricTable.policyConditions);
  const mirrored = openGauge(registry, metricTable.mirroredSecrets);
  const events = openCounter(registry, metricTable.events);
  const paused = openGauge(registry, metricTable.paused);
  return {
    watchStaleness: (read) => {
      staleness = read;
    },
    countWatchFailure: (kind) => failures.inc({ kind }),
    setLeader: (leads) => leader.set(leads ? 1 : 0),
    countRegistration: (configuration, cause, result) => registrations.inc({ configuration, cause, result }),
    setReachable: (reached, seconds) => {
      reachable.set(reached ? 1 : 0);
      selfTestSeconds.set(seconds);
    },
    setPolicyCondition: (condition, status, policies) => conditions.set({ condition, status }, policies),
    setMirroredSecrets: (state, secrets) => mirrored.set({ state }, secrets),
    countEvent: (result) => events.inc({ result }),
    setPaused: (isPaused) => paused.set(isPaused ? 1 : 0),
  };
}
