import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { TokenBucket, TokenBuckets } from '../../time/token-bucket.js';
import type { Decision } from '../../model/decision.js';
import { pods } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import { reasons } from '../../model/reasons.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import { toldOfReport } from './event-object.js';
import type { EventRecorder, RecordedReview } from './recorder.js';
import { keyOf, makerOf } from './regarding.js';

/** What is needed to report. */
export interface ReportEventsOptions {
  readonly tell: EventRecorder['tell'];
  readonly clock: Clock;
  readonly metrics: Pick<ClusterMetrics, 'countEvent'>;
}

/** By default, the API server keeps an Event for an hour. */
const againMs = 60 * 60_000;
const mostKnown = 5_000;
// Far below what all Events together may be, so that a policy that is tried out takes no Event away from one in use.
const rateInAll = { burst: 25, everyMs: 2_000 } as const;
const ratePerNamespace = { burst: 10, everyMs: 10_000 } as const;

/**
 * Tells the workloads of policies in mode Report what would be done with their pods: one Event an hour for each object that
 * makes pods, decision and reason, however many pods it makes. There is a limit for each namespace and for all together.
 * What is above it is dropped and counted; the next pod tries again.
 */
export class ReportEvents {
  readonly #options: ReportEventsOptions;
  readonly #toldMs = new LRUCache<string, number>({ max: mostKnown });
  readonly #inAll: TokenBucket;
  readonly #perNamespace: TokenBuckets;

  constructor(options: ReportEventsOptions) {
    this.#options = options;
    this.#inAll = new TokenBucket(options.clock, rateInAll);
    this.#perNamespace = new TokenBuckets(options.clock, ratePerNamespace);
  }

  /** Reports on a review of a policy that only reports. Neither waits nor throws. */
  record({ door, namespace, dryRun }: RecordedReview, { policy, would }: Decision, pod: JsonObject): void {
    if (would === undefined || policy === undefined || dryRun || door !== pods.doors.mutate.name) return;
    // As for a policy in use: what somebody asked for is no news.
    if (would.decision === 'skip' && reasons[would.reason].tells !== undefined) return;
    const maker = makerOf(pod, namespace);
    if (maker === undefined) return;
    const told = toldOfReport(pods.one, policy, would);
    const key = `${keyOf(maker)} ${policy} ${told.action} ${told.reason}`;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - (this.#toldMs.get(key) ?? -Infinity) < againMs) return;
    if (!this.#perNamespace.take(namespace) || this.#inAll.take() !== 0) {
      this.#options.metrics.countEvent('dropped');
      return;
    }
    this.#toldMs.set(key, nowMs);
    this.#options.tell(maker, told);
  }
}
