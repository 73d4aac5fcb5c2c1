import type { PodNeed } from './workload-state.js';

/** What happened to one workload. */
export interface RestartResult {
  /** Its name for people: `deploy/web`. */
  readonly workload: string;
  readonly namespace: string;
  /**
   * `restarted`: its pods have every part now. `would_restart`: in a dry run. `unchanged`: a restart would change nothing.
   * `not_restarted`: its state does not allow a restart. `failed`: nothing after it was restarted. `interrupted`: its
   * rollout continues, but nobody waited for its end.
   */
  readonly outcome: 'restarted' | 'would_restart' | 'unchanged' | 'not_restarted' | 'failed' | 'interrupted';
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What to do now. */
  readonly remedy?: string;
  /** What else manages the object, and what that does about a restart. */
  readonly remark?: string;
  /** The policy that wins for its pods. */
  readonly policy?: string;
  /** How many of its pods were in which state before; absent if they were not looked at. */
  readonly pods?: Readonly<Record<PodNeed['state'], number>>;
}

/** Why a round ended early. */
export type Stopped = 'failed' | 'max' | 'interrupted';

/** A round. */
export interface RoundReport {
  readonly results: readonly RestartResult[];
  readonly stopped: Stopped | undefined;
}

/** Whether something is not as it should be. The exit code is then 1. */
export function isUnsettled({ results, stopped }: RoundReport): boolean {
  const bad: readonly RestartResult['outcome'][] = ['not_restarted', 'failed', 'interrupted'];
  return stopped === 'interrupted' || results.some(({ outcome }) => bad.includes(outcome));
}
