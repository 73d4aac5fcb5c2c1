import type { DoorOptions, Reviewed } from '../../admission/door-options.js';
import type { Engine } from '../../engine/engine.js';
import { unprovenEngine } from '../../engine/unproven.js';
import type { DoorName } from '../../model/doors.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import type { Clock } from '../../time/clock.js';
import { TokenBucket } from '../../time/token-bucket.js';
import type { ReviewHandler } from '../review-context.js';

const saidEveryMs = 60_000;

/** Where unproven reviews are reported. */
export interface UnprovenCounting {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What such doors need, for any subject. */
export type UnprovenDoors = Omit<DoorOptions, 'onReviewed'> & { readonly onReviewed: (reviewed: Reviewed) => void };

/**
 * What doors need for callers that have not proven to be the API server: no look-ups, live reads or effects. Such a review
 * does not count as a review in metrics, log and Events.
 */
export function unprovenDoors(
  { engine, namespaceLabels, onFailure }: Pick<DoorOptions, 'engine' | 'namespaceLabels' | 'onFailure'>,
  counting: UnprovenCounting,
): UnprovenDoors {
  const reviews = new UnprovenReviews(counting);
  return {
    engine: () => reviews.engineOf(engine()),
    namespaceLabels,
    onFailure,
    onReviewed: ({ door }) => reviews.count(door),
  };
}

/** Counts unproven reviews, and logs them at most once a minute. */
class UnprovenReviews {
  readonly #counting: UnprovenCounting;
  readonly #lines: TokenBucket;
  #unsaid = 0;
  #last: { readonly of: Engine; readonly engine: Engine } | undefined;

  constructor(counting: UnprovenCounting) {
    this.#counting = counting;
    this.#lines = new TokenBucket(counting.clock, { burst: 1, everyMs: saidEveryMs });
  }

  /** The same object until there is another engine. */
  engineOf(whole: Engine): Engine {
    if (this.#last?.of !== whole) this.#last = { of: whole, engine: unprovenEngine(whole) };
    return this.#last.engine;
  }

  count(door: DoorName): void {
    this.#counting.metrics.countUnproven(door);
    this.#unsaid++;
    if (this.#lines.take() > 0) return;
    const about = { door, reviews: this.#unsaid };
    this.#counting.logger.warn(about, 'reviews came without proof that the API server sends them');
    this.#unsaid = 0;
  }
}

/** A handler that gives each caller its own. */
export function byProof(proven: ReviewHandler, unproven: ReviewHandler): ReviewHandler {
  return (body, call) => (call.isProven ? proven(body, call) : unproven(body, call));
}
