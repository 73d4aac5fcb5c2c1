import type { PodNeed } from './workload-state.js';

/** What became of one workload. */
export interface RestartResult {
  /** As people call it: `deploy/web`. */
  readonly workload: string;
  readonly namespace: string;
  /**
   * `restarted`: its pods have every part now. `would_restart`: in a dry run. `unchanged`: a restart would change nothing.
   * `not_restarted`: it is not in a state for it. `failed`: nothing behind it was restarted. `interrupted`: its rollout
   * goes on, and nobody waited for its end.
   */
  readonly outcome: 'restarted' | 'would_restart' | 'unchanged' | 'not_restarted' | 'failed' | 'interrupted';
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What to do now. */
  readonly remedy?: string;
  /** What else owns the object, and does about a restart. */
  readonly remark?: string;
  /** The policy that wins for its pods. */
  readonly policy?: string;
  /** How many of its pods had what, before; absent where they were not looked at. */
  readonly pods?: Readonly<Record<PodNeed['state'], number>>;
}

/** Why a round ended before its end. */
export type Stopped = 'failed' | 'max' | 'interrupted';

/** A round. */
export interface RoundReport {
  readonly results: readonly RestartResult[];
  readonly stopped: Stopped | undefined;
}

/** Whether something is as it was that should not be: the exit code is 1. */
export function isUnsettled({ results, stopped }: RoundReport): boolean {
  const bad: readonly RestartResult['outcome'][] = ['not_restarted', 'failed', 'interrupted'];
  return stopped === 'interrupted' || results.some(({ outcome }) => bad.includes(outcome));
}
