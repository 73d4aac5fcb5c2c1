import type { Counter, Gauge, Registry } from 'prom-client';
import type { DecisionKind } from '../model/decision.js';
import { measuredDoors, type DoorName } from '../model/doors.js';
import type { ReasonCode } from '../model/reasons.js';
import type { SessionRecord } from '../model/session-record.js';
import { GatheredCount, GatheredDurations } from './gathered.js';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge, openHistogram } from './open-metric.js';
import { collectProcessMetrics } from './process-metrics.js';

export { Registry } from 'prom-client';

/** One answered review, as it is counted. */
export interface CountedReview {
  readonly door: DoorName;
  /** Name of the policy that won, if one did. */
  readonly policy: string | undefined;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** What a policy that only reports would have decided, and why. */
  readonly would?: DecisionKind | undefined;
  readonly wouldReason?: ReasonCode | undefined;
}

/** What the metrics are made with. */
export interface MetricsOptions {
  readonly registry: Registry;
  readonly version: string;
  readonly nodeVersion: string;
  /** The closed list of causes, so that each is there from the start with zero. */
  readonly rejectCauses: readonly string[];
}

/** What the server measures. */
export class Metrics {
  readonly registry: Registry;
  readonly #rejectCauses: readonly string[];
  readonly #reviews: Counter<(typeof metricTable.reviews.labels)[number]>;
  readonly #observers: ReadonlyMap<string, GatheredDurations>;
  readonly #expiry: Gauge;
  readonly #certificateReloads: Counter<'result'>;
  readonly #reloads: Counter<'result'>;
  readonly #lastReload: Gauge;
  readonly #rejected: Counter<'cause'>;
  readonly #unproven: Counter<'door'>;
  readonly #sessions: Counter<'policy' | 'kind' | 'decision'>;
  readonly #counts = new Map<string, GatheredCount>();
  #inFlight = (): number => 0;
  #pendingBytes = (): number => 0;
  #policies: ReadonlySet<string> = new Set();
  #last: { readonly of: CountedReview; readonly count: GatheredCount } | undefined;

  /** Registers every metric, and those of the process. */
  constructor({ registry, version, nodeVersion, rejectCauses }: MetricsOptions) {
    this.registry = registry;
    this.#rejectCauses = rejectCauses;
    this.#reviews = openCounter(registry, metricTable.reviews, () => {
      for (const count of this.#counts.values()) count.handOn();
    });
    const duration = openHistogram(registry, metricTable.reviewDuration, () => {
      for (const observer of this.#observers.values()) observer.handOn();
    });
    this.#observers = new Map(
      measuredDoors.map(({ name }) => [name, new GatheredDurations(duration.labels({ door: name }))]),
    );
    this.#expiry = openGauge(registry, metricTable.certificateExpiry);
    this.#certificateReloads = openCounter(registry, metricTable.certificateReloads);
    this.#reloads = openCounter(registry, metricTable.reloads);
    this.#lastReload = openGauge(registry, metricTable.lastReload);
    this.#rejected = openCounter(registry, metricTable.rejected);
    this.#unproven = openCounter(registry, metricTable.unproven);
    this.#sessions = openCounter(registry, metricTable.sessions);
    openGauge(registry, metricTable.inFlight, (gauge) => gauge.set(this.#inFlight()));
    openGauge(registry, metricTable.pendingBytes, (gauge) => gauge.set(this.#pendingBytes()));
    collectProcessMetrics(registry);
    openGauge(registry, metricTable.buildInfo).set({ version, node_version: nodeVersion }, 1);
    for (const cause of rejectCauses) this.#rejected.inc({ cause }, 0);
    for (const { name } of measuredDoors) this.#unproven.inc({ door: name }, 0);
    for (const result of ['success', 'failure']) {
      this.#reloads.inc({ result }, 0);
      this.#certificateReloads.inc({ result }, 0);
    }
  }

  /** Counts a review. A policy that is not among the known ones is counted as `other`: label sets stay bounded. */
  countReview(review: CountedReview): void {
    if (this.#last === undefined || !isSame(this.#last.of, review)) {
      const { door, policy, decision, reason, would, wouldReason } = review;
      this.#last = { of: { door, policy, decision, reason, would, wouldReason }, count: this.#countOf(review) };
    }
    this.#last.count.add();
  }

  /** Counts a session. A policy that is not among the known ones is counted as `other`. */
  countSession({ policy, kind, decision }: Pick<SessionRecord, 'policy' | 'kind' | 'decision'>): void {
    this.#sessions.inc({ policy: this.#labelOf(policy), kind, decision });
  }

  /** Says which policies there are now. */
  knowPolicies(names: readonly string[]): void {
    for (const count of this.#counts.values()) count.handOn();
    this.#policies = new Set(names);
    this.#counts.clear();
    this.#last = undefined;
  }

  /** Records how long a door took for an answer, whatever the answer; only of doors whose calls count as reviews. */
  observeDuration(door: DoorName, seconds: number): void {
    this.#observers.get(door)?.add(seconds);
  }

  /** Sets how the number of reviews in progress is read. */
  watchInFlight(read: () => number): void {
    this.#inFlight = read;
  }

  /** Sets how the bytes is read that reviews hold. */
  watchPendingBytes(read: () => number): void {
    this.#pendingBytes = read;
  }

  /** Counts a request that got no admission response. `cause` is one of a closed list. */
  countRejected(cause: string): void {
    this.#rejected.inc({ cause: this.#rejectCauses.includes(cause) ? cause : 'other' });
  }

  /** Counts a review without proof. */
  countUnproven(door: DoorName): void {
    this.#unproven.inc({ door });
  }

  /** Records the end of the served certificate. */
  setCertificateExpiry(notAfter: Date): void {
    this.#expiry.set(notAfter.getTime() / 1000);
  }

  /** Counts a change of the certificate's files: taken over, or refused and the old one served on. */
  countCertificateReload(result: 'success' | 'failure'): void {
    this.#certificateReloads.inc({ result });
  }

  /** Counts a reading of the configuration. */
  countReload(result: 'success' | 'failure'): void {
    this.#reloads.inc({ result });
    this.#lastReload.set(result === 'success' ? 1 : 0);
  }

  #countOf({ door, policy, decision, reason, would, wouldReason }: CountedReview): GatheredCount {
    const label = this.#labelOf(policy);
    const key = `${door} ${label} ${decision} ${reason} ${would ?? ''} ${wouldReason ?? ''}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      const reported = would === undefined || wouldReason === undefined ? {} : { would, would_reason: wouldReason };
      count = new GatheredCount(this.#reviews.labels({ door, policy: label, decision, reason, ...reported }));
      this.#counts.set(key, count);
    }
    return count;
  }

  #labelOf(policy: string | undefined): string {
    if (policy === undefined) return '';
    return this.#policies.has(policy) ? policy : 'other';
  }
}

function isSame(a: CountedReview, b: CountedReview): boolean {
  return (
    a.door === b.door &&
    a.policy === b.policy &&
    a.decision === b.decision &&
    a.reason === b.reason &&
    a.would === b.would &&
    a.wouldReason === b.wouldReason
  );
}
