import type { ContainerFinding, Decision, DecisionKind, Door, Finding, Step, WouldBe } from '../model/decision.js';
import { canDeny } from '../model/policy.js';
import { optsOut, type ReasonCode } from '../model/reasons.js';
import type { CompiledPolicy, RankedPolicy } from './compile.js';
import type { Screening } from './screen.js';
import { listed, listedNames, nameText } from './text.js';
import { deniedAsUnresolved, skippedAsUnresolved } from './unresolved.js';

/** The findings about the inside of a pod that passed the screening. */
export interface Findings {
  /** Something about the whole pod that rules out instrumentation. It takes precedence over everything else. */
  readonly obstacle?: Finding | undefined;
  /** A look-alike of the instrumentation, or an override of what the policy reserves. */
  readonly tampered?: Finding | undefined;
  /** The pod is already instrumented, but not as the plan says. */
  readonly differing?: Finding | undefined;
  /** Some of our parts differ from the plan and are left as they are; the rest of the plan is carried out. */
  readonly kept?: Finding | undefined;
  /** The parts of the plan that the final pod lacks; only the validating door looks for them. */
  readonly missing: readonly string[];
  /** The selected containers. */
  readonly containers: readonly ContainerFinding[];
  /** Whether the pod's annotation took containers away from the policy's choice. */
  readonly narrowed: boolean;
  /** Remarks and, with a trace, the other steps; passed on with the decision. */
  readonly remarks: readonly Step[];
}

/** The findings for a pod that the screening stopped before its inside was examined. */
export const noFindings: Findings = { missing: [], containers: [], narrowed: false, remarks: [] };

interface Verdict extends Finding {
  readonly decision: DecisionKind;
  readonly would?: WouldBe | undefined;
}

/**
 * Decides what happens to a pod. Pure: the same input always gives the same answer.
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
    ...(verdict.would === undefined ? {} : { would: verdict.would }),
  };
}

/** A pod that the screening stopped is skipped; under Security only some stops are an excuse. */
function stopped(policy: RankedPolicy | undefined, { reason, detail }: Finding, door: Door): Verdict {
  const { prefer, mode } = policy === undefined ? noPolicy : policy.valid ? policy.spec : policy;
  const isDenial = prefer === 'Security' && (reason === 'policy_invalid' || reason === 'inject_label_invalid');
  const denied = door === 'validate' && mode === 'Inject' && isDenial;
  const would: WouldBe | undefined =
    mode === 'Report' ? { decision: isDenial ? 'deny' : 'skip', reason, detail } : undefined;
  return { decision: denied ? 'deny' : 'skip', reason, detail, would };
}

const noPolicy = { prefer: undefined, mode: undefined } as const;

function judge(policy: CompiledPolicy, findings: Findings, door: Door): Verdict {
  const plan = planned(policy, findings);
  if (policy.spec.mode === 'Report') {
    const denial = refusal(policy, { ...findings, missing: [] }, plan);
    const would: WouldBe = denial === undefined ? plan : { ...denial, decision: 'deny' };
    return {
      would,
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

/** The outcome of planning the instrumentation: the mutating door's answer. */
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

/** The findings about the whole pod, in order of precedence. */
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
export function isExcused(policy: CompiledPolicy, reason: ReasonCode): boolean {
  return policy.admits.has(reason) || (policy.spec.onUnresolvedImage === 'Skip' && skippedAsUnresolved(reason));
}

/** Whether a reason amounts to opting out while the policy forbids that. */
function isForbidden({ spec }: CompiledPolicy, reason: ReasonCode): boolean {
  return spec.optOut === 'Forbidden' && optsOut(reason);
}

/** Whether the final pod has every part of what was planned. If nothing is planned for it, nothing is missing. */
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

/** All steps, and at the end what decided against the pod or a container. */
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
