import { isWrong, type WorkloadCoverage } from '../../model/coverage.js';
import { workloadKind } from '../../model/workload-kinds.js';

/** The command that helps with a workload, or a few words where none does; empty where nothing is wrong. */
export function remedyFor(
  { state, namespace, workload, pod }: Pick<WorkloadCoverage, 'state' | 'namespace' | 'workload' | 'pod'>,
  programName: string,
): string {
  if (!isWrong(state)) return '';
  const at = `-n ${namespace}`;
  // Somebody wrote the claim: who, is asked before the pod is gone.
  if (state === 'forged') return `${programName} explain pod/${pod} ${at}`;
  if (state === 'unproven') return `${programName} verify pod/${pod} ${at}`;
  const kind = workloadKind(workload.kind, workload.apiVersion);
  if (kind?.restarts === true || kind?.kind === 'Rollout')
    return `${programName} restart ${kind.called}/${workload.name} ${at}`;
  if (kind?.kind === 'Pod') return `delete pod/${workload.name} and create it again`;
  if (kind?.kind === 'Job') return 'its next Job has it';
  return `delete its pods; ${workload.kind}/${workload.name} makes new ones`;
}
