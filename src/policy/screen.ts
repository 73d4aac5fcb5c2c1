import type { Finding, Step } from '../model/decision.js';
import { names } from '../model/names.js';
import { namespaceLabelsOf, namespaceNameLabel, type StringMap } from '../model/selector.js';
import { choosePolicy } from './choose.js';
import type { CompiledPolicy, PolicySet, RankedPolicy } from './compile.js';
import { labelOf } from './selector.js';
import { quoted } from './text.js';

/** What the checks that come before a pod's inside know about it. */
export interface ScreenedPod {
  /** Name of the namespace the pod goes to: the request's where the pod says none (E29). */
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly podLabels: StringMap;
}

/** The result of these checks: a stop, or the policy to go on with. */
export type Screening =
  | { readonly stop: Finding; readonly policy: RankedPolicy | undefined; readonly steps: readonly Step[] }
  | { readonly stop: undefined; readonly policy: CompiledPolicy; readonly steps: readonly Step[] };

/**
 * Runs the checks that need only a pod's labels: excluded namespace, the policy that wins, its mode, and opting out.
 * Mode Report is no stop: the pod is planned, and `decide` reports.
 *
 * @param excluded names of the namespaces that are never touched.
 * @param trace record a step for each check and each policy, for `explain`; else only remarks are recorded.
 */
export function screen(
  policies: PolicySet,
  pod: ScreenedPod,
  excluded: ReadonlySet<string>,
  trace: boolean,
): Screening {
  if (excluded.has(pod.namespace)) {
    const stop = { reason: 'namespace_excluded', detail: `namespace ${pod.namespace} is excluded` } as const;
    return { stop, policy: undefined, steps: [] };
  }
  const { winner, steps } = choosePolicy(policies, withNameLabel(pod), pod.podLabels, trace);
  if (winner === undefined) {
    const stop = { reason: 'no_policy', detail: 'no policy matches the namespace and the pod' } as const;
    return { stop, policy: undefined, steps };
  }
  if ((winner.valid ? winner.spec.mode : winner.mode) === 'Off') {
    return { stop: { reason: 'policy_off', detail: `policy ${winner.name} is off` }, policy: winner, steps };
  }
  if (!winner.valid) {
    return { stop: { reason: 'policy_invalid', detail: winner.problem }, policy: winner, steps };
  }
  const against = optOut(pod);
  if (against === undefined) {
    const checked: Step = { subject: 'opt-out', result: 'pass', detail: 'neither the namespace nor the pod opts out' };
    return { stop: undefined, policy: winner, steps: trace ? [...steps, checked] : steps };
  }
  if (winner.spec.optOut === 'Forbidden') {
    const detail = `${against.detail}; the policy forbids opting out`;
    const ignored: Step = { subject: 'opt-out', result: 'note', detail, reason: 'opt_out_ignored' };
    return { stop: undefined, policy: winner, steps: [...steps, ignored] };
  }
  return { stop: against, policy: winner, steps };
}

/** The label's values in order of precedence: the pod's own, then its namespace's. */
function optOut({ podLabels, namespaceLabels }: ScreenedPod): Finding | undefined {
  const pod = labelOf(podLabels, names.inject);
  if (pod === 'disabled') return { reason: 'pod_opted_out', detail: `the pod is labelled ${names.inject}=disabled` };
  if (pod !== undefined && pod !== 'enabled') {
    return { reason: 'inject_label_invalid', detail: `the pod’s label ${names.inject} is ${quoted(pod)}` };
  }
  const namespace = labelOf(namespaceLabels, names.inject);
  if (namespace === undefined || namespace === 'enabled') return undefined;
  if (namespace !== 'disabled') {
    return { reason: 'inject_label_invalid', detail: `the namespace’s label ${names.inject} is ${quoted(namespace)}` };
  }
  if (pod === 'enabled') return undefined;
  return { reason: 'namespace_opted_out', detail: `the namespace is labelled ${names.inject}=disabled` };
}

function withNameLabel({ namespace, namespaceLabels }: ScreenedPod): StringMap {
  const isThere = Object.hasOwn(namespaceLabels, namespaceNameLabel);
  return isThere ? namespaceLabels : namespaceLabelsOf(namespace, namespaceLabels);
}
