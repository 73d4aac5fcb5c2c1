import type { ContainerFinding, Decision, DecisionKind, Door, Finding, Step } from '../model/decision.js';
import { canDeny } from '../model/policy.js';
import { optsOut, type ReasonCode } from '../model/reasons.js';
import type { CompiledPolicy, RankedPolicy } from './compile.js';
import type { Screening } from './screen.js';
import { listed, listedNames, nameText } from './text.js';
import { deniedAsUnresolved, skippedAsUnresolved } from './unresolved.js';

/** What the look at a pod's inside found, for a pod that passed the screening. */
export interface Findings {
  /** Something about the whole pod that rules the instrumentation out. It goes before everything else. */
  readonly obstacle?: Finding | undefined;
  /** A look-alike of the instrumentation, or an override of what the policy reserves. */
  readonly tampered?: Finding | undefined;
  /** The pod is instrumented already, and not as the plan has it. */
  readonly differing?: Finding | undefined;
  /** Parts of ours differ from the plan and are left as they are; the rest is carried out. */
  readonly kept?: Finding | undefined;
  /** The parts of the plan that the final pod lacks; only the validating door looks for them. */
  readonly missing: readonly string[];
  /** The selected containers. */
  readonly containers: readonly ContainerFinding[];
  /** Whether the pod's annotation took containers away from the policy's choice. */
  readonly narrowed: boolean;
  /** Remarks and, with a trace, what else was looked at; handed on with the decision. */
  readonly remarks: readonly Step[];
}

/** The findings about a pod whose inside was not looked at, because the screening stopped. */
export const noFindings: Findings = { missing: [], containers: [], narrowed: false, remarks: [] };

interface Verdict extends Finding {
  readonly decision: DecisionKind;
}

/**
 * Decides what becomes of a pod. Pure: the same input has the same answer, however often it is asked.
 *
 * The mutating door never denies. The validating door denies under a policy that can deny and whose mode is Inject; the
 * rules are in docs/policies.md.
 *
 * @param findings `noFindings` for a screening with a stop.
 */
export function decide(screening: Screening, findings: Findings, door: Door): Decision {
  const { policy } = screening;
  const verdict =
    screening.stop === undefined
      ? judge(screening.policy, findings, door)
      : stopped(screening.policy, screening.stop, door);
  return {
    decision: verdict.decision,
    reason: verdict.reason,
    detail: verdict.detail,
    policy: policy?.name,
    prefer: policy === undefined ? undefined : policy.valid ? policy.spec.prefer : policy.prefer,
    steps: stepsOf(screening, findings, verdict),
  };
}

/** A pod that the screening stopped is skipped; under Security only some stops excuse it. */
function stopped(policy: RankedPolicy | undefined, { reason, detail }: Finding, door: Door): Verdict {
  const denied = door === 'validate' && policy !== undefined && stopDenies(policy, reason);
  return { decision: denied ? 'deny' : 'skip', reason, detail };
}

function stopDenies(policy: RankedPolicy, reason: ReasonCode): boolean {
  const { prefer, mode } = policy.valid ? policy.spec : policy;
  return (
    prefer === 'Security' && mode === 'Inject' && (reason === 'policy_invalid' || reason === 'inject_label_invalid')
  );
}

function judge(policy: CompiledPolicy, findings: Findings, door: Door): Verdict {
  const plan = planned(policy, findings);
  if (policy.spec.mode === 'Report') {
    const denial = refusal(policy, { ...findings, missing: [] }, plan);
    const would = denial === undefined ? plan : { ...denial, decision: 'deny' };
    return {
      decision: 'skip',
      reason: 'report_mode',
      detail: `would be ${would.decision} (${would.reason}): ${would.detail}`,
    };
  }
  if (door === 'mutate') return plan;
  const denial = refusal(policy, findings, plan);
  if (denial !== undefined) return { ...denial, decision: 'deny' };
  return isDone(plan, findings) ? plan : { ...lacks(findings), decision: 'skip' };
}

/** What the instrumentation makes of the pod: the mutating door's answer. */
function planned(policy: CompiledPolicy, findings: Findings): Verdict {
  const whole = podFinding(policy, findings);
  if (whole !== undefined) return { ...whole, decision: 'skip' };
  const { containers } = findings;
  if (containers.length === 0) {
    const detail = findings.narrowed
      ? 'the pod’s annotation names none of the containers that the policy selects'
      : 'the policy selects none of the pod’s containers that its profile is for';
    return { decision: 'skip', reason: 'no_container_selected', detail };
  }
  if (!containers.some(isLeftOut)) {
    if (findings.kept !== undefined) return { ...findings.kept, decision: 'partial' };
    return { decision: 'inject', reason: 'injected', detail: listedNames(containers) };
  }
  const leftOut = containers.filter(isLeftOut);
  if (leftOut.length === containers.length) {
    return { ...summary(leftOut, 'no_container_instrumented'), decision: 'skip' };
  }
  return { ...summary(leftOut, 'some_containers_left_out'), decision: 'partial' };
}

/** What is found about the whole pod, in the order in which it counts. */
function podFinding(policy: CompiledPolicy, findings: Findings): Finding | undefined {
  const { obstacle, tampered, differing } = findings;
  if (obstacle !== undefined) return obstacle;
  const forbidden = policy.spec.optOut === 'Forbidden';
  if (tampered !== undefined) {
    const enforced = forbidden || policy.spec.prefer === 'Security';
    return { reason: enforced ? 'tampered' : 'parts_differ', detail: tampered.detail };
  }
  if (differing?.reason === 'instrumented_otherwise') return differing;
  if (differing !== undefined) return { reason: forbidden ? 'tampered' : 'parts_differ', detail: differing.detail };
  return undefined;
}

/** Why the validating door denies the pod; `undefined` when it does not. */
function refusal(policy: CompiledPolicy, findings: Findings, plan: Verdict): Finding | undefined {
  if (!canDeny(policy.spec)) return undefined;
  const security = policy.spec.prefer === 'Security';
  const whole = podFinding(policy, findings);
  if (whole !== undefined) {
    const denied = security
      ? !isExcused(policy, whole.reason)
      : whole.reason === 'tampered' || isForbidden(policy, whole.reason);
    return denied ? whole : undefined;
  }
  if (findings.containers.length === 0) return security && findings.narrowed ? plan : undefined;
  const denied = findings.containers
    .filter(isLeftOut)
    .filter(({ leftOut: { reason } }) =>
      security
        ? !isExcused(policy, reason)
        : isForbidden(policy, reason) || (policy.spec.onUnresolvedImage === 'Deny' && deniedAsUnresolved(reason)),
    );
  if (denied.length > 0) {
    return summary(denied, plan.decision === 'partial' ? 'some_containers_left_out' : 'no_container_instrumented');
  }
  return security && !isDone(plan, findings) ? lacks(findings) : undefined;
}

/** Whether a pod may run uninstrumented for this reason, although the policy prefers Security. */
function isExcused(policy: CompiledPolicy, reason: ReasonCode): boolean {
  return policy.admits.has(reason) || (policy.spec.onUnresolvedImage === 'Skip' && skippedAsUnresolved(reason));
}

/** Whether what a reason says is a way of opting out, which the policy forbids. */
function isForbidden({ spec }: CompiledPolicy, reason: ReasonCode): boolean {
  return spec.optOut === 'Forbidden' && optsOut(reason);
}

/** Whether the final pod has every part of what was planned. A pod for which nothing is planned lacks nothing. */
function isDone(plan: Verdict, findings: Findings): boolean {
  return plan.decision === 'skip' || findings.missing.length === 0;
}

function lacks(findings: Findings): Finding {
  return { reason: 'parts_missing', detail: `missing: ${listed(findings.missing)}` };
}

type LeftOutContainer = ContainerFinding & { readonly leftOut: Finding };

function isLeftOut(container: ContainerFinding): container is LeftOutContainer {
  return container.leftOut !== undefined;
}

/** The reason that all these containers have in common, else the one given. */
function summary(containers: readonly LeftOutContainer[], otherwise: ReasonCode): Finding {
  const codes = new Set(containers.map(({ leftOut }) => leftOut.reason));
  const [common = otherwise] = codes;
  const detail = listed(
    containers.map(({ name, leftOut }) =>
      codes.size === 1
        ? `${nameText(name)}: ${leftOut.detail}`
        : `${nameText(name)}: ${leftOut.reason}, ${leftOut.detail}`,
    ),
    '; ',
  );
  return { reason: codes.size === 1 ? common : otherwise, detail };
}

/** Everything that was looked at, and at the end what decided against the pod or a container. */
function stepsOf(screening: Screening, findings: Findings, verdict: Verdict): readonly Step[] {
  const steps: Step[] = [];
  for (const step of screening.steps) steps.push(step);
  for (const step of findings.remarks) steps.push(step);
  for (const { name, leftOut } of findings.containers) {
    if (leftOut === undefined) continue;
    steps.push({ subject: name, result: 'stop', detail: leftOut.detail, reason: leftOut.reason });
  }
  if (verdict.decision === 'skip' || verdict.decision === 'deny') {
    steps.push({ subject: 'pod', result: 'stop', detail: verdict.detail, reason: verdict.reason });
  }
  return steps;
}
