import type { Decision, Finding, Step } from '../model/decision.js';
import { noFindings, type Findings } from '../policy/decide.js';
import type { Screening } from '../policy/screen.js';
import { chooseRule, type CanaryWorkload } from './canary.js';
import type { Engine } from './engine.js';
import type { Rule } from './rules.js';

/** A screening that lets the look at a pod or a task go on. */
export type Passed = Extract<Screening, { stop: undefined }>;

/**
 * How the policy that won is carried out for one workload, and the screening with what there is to say of that.
 * @returns the finding where the policy leaves the workload alone
 */
export function ruleFor(
  screening: Passed,
  { rules }: Engine,
  namespace: string,
  workload: () => CanaryWorkload,
  trace: boolean,
): { readonly rule: Rule; readonly screening: Passed } | { readonly leftAlone: Screening } {
  const { policy } = screening;
  const whole = rules.byPolicy.get(policy.name);
  if (whole === undefined) throw new Error(`no rule for policy ${policy.name}`);
  if (whole.canary === undefined) return { rule: whole, screening };
  const { rule, step } = chooseRule(whole, namespace, workload());
  if (rule === undefined) {
    const stop: Finding = { reason: 'canary_excluded', detail: step?.detail ?? '' };
    return { leftAlone: { stop, policy, steps: screening.steps } };
  }
  return {
    rule,
    screening: trace && step !== undefined ? { ...screening, steps: [...screening.steps, step] } : screening,
  };
}

/** What planning found, of a pod or of a task. */
export interface Found extends Pick<Findings, 'obstacle' | 'tampered' | 'differing' | 'kept' | 'containers'> {
  /** What the pod's author does to bypass the policy; only checked if the policy insists on the instrumentation. */
  readonly forged?: Finding | undefined;
  readonly remarks: readonly Finding[];
}

/** What planning found, in the form that a decision is made from. */
export function findingsOf(
  { policy }: Passed,
  { narrowed, steps }: Pick<Findings, 'narrowed'> & { readonly steps: readonly Step[] },
  found: Found,
  missing: readonly string[] = [],
): Findings {
  return {
    obstacle: found.obstacle,
    // Overriding a reserved variable is a way of opting out, so it only matters to a policy that forbids that (E32).
    tampered: found.forged ?? (policy.spec.optOut === 'Forbidden' ? found.tampered : undefined),
    differing: found.differing,
    kept: found.kept,
    missing,
    containers: found.containers,
    narrowed,
    remarks: [...steps, ...found.remarks.map(noteOf)],
  };
}

/** The findings where something rules the instrumentation out before anything is planned. */
export function obstructedBy(obstacle: Finding): Findings {
  return { ...noFindings, obstacle };
}

/** Whether a decision is carried out by a patch. */
export function isCarriedOut({ decision }: Decision): boolean {
  return decision === 'inject' || decision === 'partial';
}

/** A remark as a step of the explanation. */
export function noteOf(remark: Finding): Step {
  return { subject: remark.reason, result: 'note', detail: remark.detail, reason: remark.reason };
}
