import type { Reviewed } from '../admission/door-options.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { createReviewLine } from '../observe/review-line.js';

/** Counts and logs each review; goes into a door's options. */
export function reviewLog(
  logger: Logger,
  metrics: Metrics,
): {
  readonly onReviewed: (reviewed: Reviewed) => void;
  readonly onFailure: (error: unknown, uid: string) => void;
} {
  const log = createReviewLine(logger);
  return {
    onReviewed: (reviewed) => {
      metrics.countReview(reviewed);
      log(reviewed);
    },
    onFailure: (error, uid) => logger.error({ err: error, uid }, 'a review failed'),
  };
}
