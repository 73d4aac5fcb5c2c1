import type { Step } from '../model/decision.js';
import { findExemption } from '../inject/pod/obstacles.js';
import type { PodView } from '../inject/pod/view.js';
import type { Findings } from '../policy/decide.js';
import type { Screening } from '../policy/screen.js';
import type { Engine } from './engine.js';
import { obstructedBy, type Passed } from './findings.js';
import type { Rule } from './rules.js';

/** The policy and reason that exempt a pod. */
export interface Exempt {
  readonly screening: Passed;
  readonly findings: Findings;
  readonly rule: Rule;
}

/**
 * Checks whether the policy that wins for a pod exempts it (F20). That counts before everything else, a label that opts
 * out or cannot be read among it, because the API server is told not to call for such a pod: it must be treated the
 * same whether we answer or not.
 *
 * @param trace record that the API server does not ask, for `explain`
 */
export function exemptOf(
  view: PodView,
  { policy, steps }: Screening,
  { rules }: Engine,
  trace: boolean,
): Exempt | undefined {
  if (policy?.valid !== true) return undefined;
  const rule = rules.byPolicy.get(policy.name);
  if (rule === undefined || rule.exemptions.length === 0) return undefined;
  const finding = findExemption(view, rule.exemptions);
  if (finding === undefined) return undefined;
  const neverAsked: Step = {
    subject: 'webhook',
    result: 'note',
    detail: `policy ${policy.name} admits ${finding.reason}: in a cluster the API server creates such a pod without asking, also while no replica answers`,
  };
  return {
    screening: { stop: undefined, policy, steps: trace ? [...steps, neverAsked] : steps },
    findings: obstructedBy(finding),
    rule,
  };
}
