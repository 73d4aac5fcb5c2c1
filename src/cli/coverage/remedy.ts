import { isWrong, type WorkloadCoverage } from '../../model/coverage.js';
import { restartAdvice } from '../../model/restart-advice.js';

/** The command that fixes a workload, or a few words if no command does. Empty if nothing is wrong. */
export function remedyFor(
  {
    state,
    namespace,
    workload,
    pod,
    reason,
  }: Pick<WorkloadCoverage, 'state' | 'namespace' | 'workload' | 'pod'> & Partial<Pick<WorkloadCoverage, 'reason'>>,
  programName: string,
): string {
  if (!isWrong(state)) return '';
  // `outrider restart` brings parts in, and would leave it alone.
  if (state === 'stale' && reason === 'report_mode') return 'nothing, or new pods, which will have none of it';
  const at = `-n ${namespace}`;
  // Somebody wrote the claim. Find out who before the pod is gone.
  if (state === 'forged') return `${programName} explain pod/${pod} ${at}`;
  if (state === 'unproven') return `${programName} verify pod/${pod} ${at}`;
  return restartAdvice({ workload, namespace }, programName).text;
}
