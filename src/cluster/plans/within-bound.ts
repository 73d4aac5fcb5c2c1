import type { NotClaimable } from '../../model/not-claimable.js';
import type { FittedPlan } from './plan-contents.js';

/**
 * Which of all parameters fit together: the namespaces first, then their images, each in the order that they come in.
 * @param totalBytes the most bytes of all
 */
export function withinBound(
  plans: readonly (FittedPlan | NotClaimable | undefined)[],
  totalBytes: number,
): ReadonlyMap<FittedPlan, 'bare' | 'whole'> {
  const fitting = new Map<FittedPlan, 'bare' | 'whole'>();
  let leftBytes = totalBytes;
  for (const plan of plans) {
    if (plan === undefined || 'reason' in plan || plan.bareBytes > leftBytes) continue;
    leftBytes -= plan.bareBytes;
    fitting.set(plan, 'bare');
  }
  for (const plan of fitting.keys()) {
    const more = plan.bytes - plan.bareBytes;
    if (more > leftBytes) continue;
    leftBytes -= more;
    fitting.set(plan, 'whole');
  }
  return fitting;
}
