import type { Asked } from './ask.js';

/**
 * Whether a pod that claims to be instrumented in part has all that the pod as a whole gets, and at least one container
 * with all that it gets: only containers are missing something.
 */
export function isPartialAsClaimed({ outcome: { plan } }: Asked): boolean {
  if (plan === undefined || plan.shareProcessNamespace) return false;
  const members = [...plan.volumes, ...plan.initContainers, ...plan.containers];
  if (members.some(({ present, differences }) => present === undefined || differences.length > 0)) return false;
  return plan.workload.some(
    ({ command, env, mounts, capabilities, execs }) =>
      command === undefined && [env, mounts, capabilities, execs].every(({ length }) => length === 0),
  );
}
