import type { Registry } from 'prom-client';
import type { DecisionKind } from '../model/decision.js';
import { measuredDoors, type DoorName } from '../model/doors.js';
import type { ReasonCode } from '../model/reasons.js';
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
}

/** What the server measures. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts a review. A policy that is not among the known ones is counted as `other`: label sets stay bounded. */
  countReview(review: CountedReview): void;
  /** Says which policies there are now. */
  knowPolicies(names: readonly string[]): void;
  /** Records how long a door took for an answer, whatever the answer; only of doors whose calls count as reviews. */
  observeDuration(door: DoorName, seconds: number): void;
  /** Says where the number of reviews under way is read. */
  watchInFlight(read: () => number): void;
  /** Counts a request that got no admission response. `cause` is one of a closed list. */
  countRejected(cause: string): void;
  /** Records the end of the served certificate. */
  setCertificateExpiry(notAfter: Date): void;
  /** Counts a change of the certificate's files: taken over, or refused and the old one served on. */
  countCertificateReload(result: 'success' | 'failure'): void;
  /** Counts a reading of the configuration. */
  countReload(result: 'success' | 'failure'): void;
}

/**
 * Registers every metric, and those of the process, in a registry.
 * @param options.rejectCauses the closed list of causes, so that each is there from the start with zero
 */
export function createMetrics(options: {
  readonly registry: Registry;
  readonly version: string;
  readonly nodeVersion: string;
  readonly rejectCauses: readonly string[];
}): Metrics {
  const { registry } = options;
  const reviews = openCounter(registry, metricTable.reviews, () => {
    for (const count of counts.values()) count.handOn();
  });
  const duration = openHistogram(registry, metricTable.reviewDuration, () => {
    for (const observer of observers.values()) observer.handOn();
  });
  const expiry = openGauge(registry, metricTable.certificateExpiry);
  const certificateReloads = openCounter(registry, metricTable.certificateReloads);
  const reloads = openCounter(registry, metricTable.reloads);
  const lastReload = openGauge(registry, metricTable.lastReload);
  const rejected = openCounter(registry, metricTable.rejected);
  const buildInfo = openGauge(registry, metricTable.buildInfo);
  let inFlight = (): number => 0;
  openGauge(registry, metricTable.inFlight, (gauge) => gauge.set(inFlight()));
  collectProcessMetrics(registry);

  buildInfo.set({ version: options.version, node_version: options.nodeVersion }, 1);
  for (const cause of options.rejectCauses) rejected.inc({ cause }, 0);
  for (const result of ['success', 'failure']) {
    reloads.inc({ result }, 0);
    certificateReloads.inc({ result }, 0);
  }
  const observers = new Map(
    measuredDoors.map(({ name }) => [name, new GatheredDurations(duration.labels({ door: name }))]),
  );
  let policies: ReadonlySet<string> = new Set();
  const counts = new Map<string, GatheredCount>();
  let last: { readonly of: CountedReview; readonly count: GatheredCount } | undefined;

  return {
    registry,
    countReview: (review) => {
      if (last === undefined || !isSame(last.of, review)) {
        const { door, policy, decision, reason } = review;
        const label = policy === undefined ? '' : policies.has(policy) ? policy : 'other';
        const key = `${door} ${label} ${decision} ${reason}`;
        let count = counts.get(key);
        if (count === undefined) {
          count = new GatheredCount(reviews.labels({ door, policy: label, decision, reason }));
          counts.set(key, count);
        }
        last = { of: { door, policy, decision, reason }, count };
      }
      last.count.add();
    },
    knowPolicies: (names) => {
      for (const count of counts.values()) count.handOn();
      policies = new Set(names);
      counts.clear();
      last = undefined;
    },
    observeDuration: (door, seconds) => {
      observers.get(door)?.add(seconds);
    },
    watchInFlight: (read) => {
      inFlight = read;
    },
    countRejected: (cause) => {
      rejected.inc({ cause: options.rejectCauses.includes(cause) ? cause : 'other' });
    },
    setCertificateExpiry: (notAfter) => {
      expiry.set(notAfter.getTime() / 1000);
    },
    countCertificateReload: (result) => {
      certificateReloads.inc({ result });
    },
    countReload: (result) => {
      reloads.inc({ result });
      lastReload.set(result === 'success' ? 1 : 0);
    },
  };
}

function isSame(a: CountedReview, b: CountedReview): boolean {
  return a.door === b.door && a.policy === b.policy && a.decision === b.decision && a.reason === b.reason;
}
