import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import type { NamespaceLimits } from '../../model/namespace-limits.js';
import type { StringMap } from '../../model/selector.js';
import type { PodContext } from './context.js';
import type { Plan } from './plan.js';
import type { ContainerView } from './view.js';

/** What a plan is made from, besides the context. */
export interface PlanInput {
  readonly context: PodContext;
  /** The containers of the workload that the policy selects, in the pod's order. */
  readonly selected: readonly ContainerView[];
  /** What is known about a container's image. */
  readonly imageOf: (container: ContainerView) => ImageOutcome | undefined;
  readonly namespaceLabels: StringMap;
  /** Whether the operator names a container among the policy's exclusions. */
  readonly excluded: (container: ContainerView) => boolean;
  /** Whether the ServiceAccount's pull secrets are in the pod already: true at admission, false in a manifest (E31). */
  readonly pullSecretsAdmitted: boolean;
  /** What happens to parts of ours that differ from the plan. */
  readonly differing: WhereDiffering;
  /** The namespace's requirements for amounts; `undefined` if unknown. */
  readonly limits: NamespaceLimits | undefined;
}

/**
 * What happens to parts of ours that differ from the plan: they are restored completely, or they stay as they are and the
 * rest is planned, or nothing is planned.
 */
export type WhereDiffering = 'putBack' | 'stays' | 'stops';

/** A plan, or what prevents it, and the result for each selected container. */
export interface Planned {
  /** `undefined` if no selected container can be instrumented, or if the pod is instrumented in another way. */
  readonly plan: Plan | undefined;
  readonly containers: readonly ContainerFinding[];
  /** The pod has parts of ours that are not as planned: another version, or a look-alike. */
  readonly differing: Finding | undefined;
  /** Parts of ours differ and stay as they are; the plan holds the rest. */
  readonly kept: Finding | undefined;
  /** The pod overrides what the recipe reserves. */
  readonly tampered: Finding | undefined;
  /** Something that only makes sense as an attempt to bypass a policy that insists on the instrumentation. */
  readonly forged: Finding | undefined;
  /** Something about the whole pod that rules the instrumentation out. */
  readonly obstacle: Finding | undefined;
  readonly remarks: readonly Finding[];
}
