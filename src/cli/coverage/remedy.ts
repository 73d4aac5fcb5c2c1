import { isWrong, type WorkloadCoverage } from '../../model/coverage.js';
import { restartAdvice } from '../../model/restart-advice.js';

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
  return restartAdvice({ workload, namespace }, programName).text;
}
