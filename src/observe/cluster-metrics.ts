import { Counter, Gauge, type Registry } from 'prom-client';

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
  const registers = [registry];
  let staleness = (): ReadonlyMap<WatchedKind, number> => new Map();
  new Gauge({
    name: 'outrider_watch_staleness_seconds',
    help: 'Time since the API server last said anything on a watch.',
    labelNames: ['kind'] as const,
    registers,
    collect() {
      this.reset();
      for (const [kind, seconds] of staleness()) this.set({ kind }, seconds);
    },
  });
  const failures = new Counter({
    name: 'outrider_watch_failures_total',
    help: 'Lists and watches that failed and were tried again.',
    labelNames: ['kind'] as const,
    registers,
  });
  const leader = new Gauge({ name: 'outrider_leader', help: '1 on the replica that leads.', registers });
  const registrations = new Counter({
    name: 'outrider_webhook_configuration_writes_total',
    help: 'Writes of webhook configurations, by what made them necessary.',
    labelNames: ['configuration', 'cause', 'result'] as const,
    registers,
  });
  const reachable = new Gauge({
    name: 'outrider_webhook_reachable',
    help: '1 if the API server reached the webhook in the leader’s last self-test, 0 if not.',
    registers,
  });
  const probeSeconds = new Gauge({
    name: 'outrider_self_test_duration_seconds',
    help: 'Time of the last self-test: a dry run through the API server and the webhook.',
    registers,
  });
  const conditions = new Gauge({
    name: 'outrider_policy_conditions',
    help: 'Policies by condition and status.',
    labelNames: ['condition', 'status'] as const,
    registers,
  });
  const mirrored = new Gauge({
    name: 'outrider_mirrored_secrets',
    help: 'Copies of access keys in matched namespaces.',
    labelNames: ['state'] as const,
    registers,
  });
  const events = new Counter({
    name: 'outrider_events_total',
    help: 'Events about decisions, by what became of them.',
    labelNames: ['result'] as const,
    registers,
  });
  const paused = new Gauge({ name: 'outrider_paused', help: '1 while the installation is paused.', registers });
  return {
    watchStaleness: (read) => {
      staleness = read;
    },
    countWatchFailure: (kind) => failures.inc({ kind }),
    setLeader: (leads) => leader.set(leads ? 1 : 0),
    countRegistration: (configuration, cause, result) => registrations.inc({ configuration, cause, result }),
    setReachable: (reached, seconds) => {
      reachable.set(reached ? 1 : 0);
      probeSeconds.set(seconds);
    },
    setPolicyCondition: (condition, status, policies) => conditions.set({ condition, status }, policies),
    setMirroredSecrets: (state, secrets) => mirrored.set({ state }, secrets),
    countEvent: (result) => events.inc({ result }),
    setPaused: (isPaused) => paused.set(isPaused ? 1 : 0),
  };
}
