import type { PodContext } from '../inject/pod/context.js';
import { makePlan } from '../inject/pod/make-plan.js';
import { missingParts, partsTakenOff } from '../inject/pod/missing.js';
import { buildPatch } from '../inject/pod/patch.js';
import type { Plan } from '../inject/pod/plan.js';
import type { Planned, WhereDiffering } from '../inject/pod/planned.js';
import { isStampedBy, stampOf } from '../inject/pod/record.js';
import { startOfContainer } from '../inject/pod/start.js';
import type { ContainerView } from '../inject/pod/view.js';
import type { Door, Step } from '../model/decision.js';
import { names } from '../model/names.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { decide } from '../policy/decide.js';
import type { KnownImages } from './asked-images.js';
import type { Engine, PodRequest } from './engine.js';
import { findingsOf, isCarriedOut, type Passed } from './findings.js';
import { fittedStep } from './limits.js';
import type { Outcome } from './outcome.js';
import type { Rule } from './rules.js';

/** What is known about a pod before its plan is made. */
export interface Chosen {
  readonly selected: readonly ContainerView[];
  readonly narrowed: boolean;
  readonly steps: readonly Step[];
  readonly images: KnownImages;
  /** Of containers that are not selected. */
  readonly aside: KnownImages;
  /** For the pod's record. */
  readonly credentials: string | undefined;
}

/** Plans for one pod, decides by the plan and, at the mutating door, builds the patch that carries the decision out. */
export function finished(
  request: PodRequest,
  screening: Passed,
  rule: Rule,
  context: PodContext,
  engine: Engine,
  chosen: Chosen,
): Outcome {
  const planned: Planned = makePlan({
    context,
    selected: chosen.selected,
    imageOf: ({ name }) => chosen.images.get(name) ?? chosen.aside.get(name),
    namespaceLabels: request.namespaceLabels,
    excluded: (container) => screening.policy.exclude(container, () => startOfContainer(container))?.holds === true,
    pullSecretsAdmitted: request.admitted,
    differing: whereDiffering(screening.policy, request.door),
    limits: engine.limits?.of(request.namespace),
  });
  const { plan } = planned;
  const mutates = request.door === 'mutate';
  const takenOff = mutates && plan !== undefined ? partsTakenOff(plan, context.view) : undefined;
  const found = takenOff === undefined ? planned : { ...planned, remarks: [...planned.remarks, takenOff] };
  const missing = mutates || plan === undefined ? [] : missingParts(plan);
  const steps = request.trace ? withTraced(chosen.steps, plan, context) : chosen.steps;
  const decision = decide(
    screening,
    findingsOf(screening, { narrowed: chosen.narrowed, steps }, found, missing),
    request.door,
  );
  const patch =
    plan === undefined || !isCarriedOut(decision) || !mutates || isOfAnotherVersion(planned, context, rule)
      ? []
      : buildPatch(
          plan,
          context.view,
          {
            status: decision.decision === 'partial' ? 'partial' : 'injected',
            policy: screening.policy.name,
            reason: decision.reason,
            plan: stampOf(rule.stamp, plan),
            credentials: chosen.credentials,
          },
          context.parts.operations,
        );
  return { decision, patch, rule, plan, images: chosen.images };
}

/** The steps, with those about the plan if every check is recorded. */
function withTraced(steps: readonly Step[], plan: Plan | undefined, context: PodContext): readonly Step[] {
  if (plan === undefined) return steps;
  const { recipe, delivery, deliveredSo } = context;
  const traced = [...steps];
  if (recipe.volume !== undefined) {
    traced.push({ subject: 'delivery', result: 'note', detail: `${delivery}: ${deliveredSo}` });
  }
  if (plan.fitted !== undefined) traced.push(fittedStep(plan));
  return traced;
}

/**
 * Whether the parts that differ are of another version of the policy, by the pod's record: it was edited between two calls for
 * one pod. What the first call made stays as it is, and so does what it said; the validating door judges by both versions.
 */
function isOfAnotherVersion({ kept }: Planned, { view }: PodContext, { stamp }: Rule): boolean {
  const record = view.annotations[names.plan];
  return kept !== undefined && record !== undefined && !isStampedBy(record, stamp);
}

/** What happens to changed parts of ours: nobody may change them where opting out is forbidden. */
function whereDiffering({ spec }: CompiledPolicy, door: Door): WhereDiffering {
  if (spec.optOut === 'Forbidden') return door === 'mutate' ? 'putBack' : 'stops';
  return spec.prefer === 'Availability' ? 'stays' : 'stops';
}
