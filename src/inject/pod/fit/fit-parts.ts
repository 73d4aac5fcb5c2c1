import { createHash } from 'node:crypto';
import type { Finding } from '../../../model/decision.js';
import { deepFrozen, objectOf } from '../../../model/json.js';
import {
  asksForNothing,
  boundedResources,
  noLimits,
  type BoundedResource,
  type NamespaceLimits,
} from '../../../model/namespace-limits.js';
import type { PodContext } from '../context.js';
import type { PlannedMember } from '../plan.js';
import { demandsOf, unfitQuota, type Demands } from './demands.js';
import { Draft } from './draft.js';
import type { KeptFit } from './kept-fits.js';
import { PodFit, type Places } from './pod-fit.js';

/** Our containers, fitted to the pod and its namespace. */
export interface FittedParts {
  readonly initContainers: readonly PlannedMember[];
  readonly containers: readonly PlannedMember[];
  /** Short hash of the amounts that differ from the plan. */
  readonly digest: string;
}

/** Why they cannot fit. */
export interface UnfitParts {
  readonly misfit: Finding;
}

/**
 * Fits the amounts of our containers that will be written into the pod to what its namespace allows and demands, and to what
 * the pod does: if each of its containers limits the CPU, ours do too. A container that is already in the pod is judged by
 * what it needs, not by what it would be fitted to, so that it does not matter what each replica knew at its creation.
 *
 * It allocates nothing for a pod in a namespace without requirements, unless the agent needs a CPU limit.
 *
 * @param limits the namespace's limits; `undefined` if nothing is known about them
 * @param agentIndex where a native agent is inserted among the pod's init containers
 * @returns `undefined` if they stay as they are
 */
export function fitParts(
  context: PodContext,
  limits: NamespaceLimits | undefined,
  initContainers: readonly PlannedMember[],
  containers: readonly PlannedMember[],
  agentIndex: number,
): FittedParts | UnfitParts | undefined {
  const known = limits ?? noLimits;
  if (asksForNothing(known) && !lacksCpuLimit(context, initContainers, containers)) return undefined;
  const written = [...initContainers, ...containers].filter(isWritten);
  if (written.length === 0) return undefined;
  const unfit = unfitQuota(known, context);
  const fit = unfit ?? fitOf(context, known, written, { initContainers, containers, agentIndex });
  if (typeof fit === 'string') return { misfit: { reason: 'resources_do_not_fit', detail: fit } };
  const { values, digest } = fit;
  if (digest === undefined) return undefined;
  const fitted = (member: PlannedMember): PlannedMember => {
    const value = values[written.indexOf(member)];
    return value === undefined || value === member.value ? member : { ...member, value };
  };
  return { initContainers: initContainers.map(fitted), containers: containers.map(fitted), digest };
}

/** How containers fit, from what is kept or computed again, or why they do not. */
function fitOf(
  context: PodContext,
  limits: NamespaceLimits,
  written: readonly PlannedMember[],
  places: Places,
): KeptFit | string {
  const { fits } = context.parts;
  const terms = {
    demands: demandsOf(limits, context, limitsEachCpu(context)),
    guaranteed: context.around.guaranteed,
  };
  const kept = fits.find(limits, written, terms);
  if (kept !== undefined) return kept;
  const drafts = draftsOf(context, limits, terms.demands, written);
  const misfit = firstMisfit(drafts) ?? new PodFit(context, limits.pod, drafts, places).misfit();
  if (misfit !== undefined) return misfit;
  const changed = drafts.filter((draft) => draft.fitted() !== draft.member);
  const values = written.map(
    (member) => drafts.find((draft) => draft.member === member)?.fitted().value ?? member.value,
  );
  const fit: KeptFit = {
    // Operations are also kept for frozen objects. There are many namespaces, and each would take a place.
    values: limits === noLimits ? deepFrozen(values) : values,
    digest: changed.length === 0 ? undefined : digestOf(changed),
  };
  fits.keep(limits, written, terms, fit);
  return fit;
}

/** The agent comes first. The steps run before it, so they can use the same amount for free. */
function draftsOf(
  context: PodContext,
  limits: NamespaceLimits,
  demands: Demands,
  written: readonly PlannedMember[],
): readonly Draft[] {
  const agent = written.find(({ part }) => part === 'agent');
  const drafts: Draft[] = [];
  if (agent !== undefined) drafts.push(new Draft(context, agent, limits, demands, () => 0n));
  const ofAgent = drafts[0];
  const free = (resource: BoundedResource): bigint => ofAgent?.amount(resource).request ?? 0n;
  for (const member of written) {
    if (member !== agent) drafts.push(new Draft(context, member, limits, demands, free));
  }
  return drafts;
}

/** Whether a container of ours is written into the pod, or may be restored completely. */
function isWritten({ present, differences }: PlannedMember): boolean {
  return present === undefined || differences.length > 0;
}

function firstMisfit(drafts: readonly Draft[]): string | undefined {
  for (const { member, misfit } of drafts) if (misfit !== undefined) return `container ${member.name} ${misfit}`;
  return undefined;
}

function digestOf(drafts: readonly Draft[]): string {
  const amounts = drafts.map((draft) => [
    draft.member.part,
    ...boundedResources.map((resource) => {
      const { request, limit } = draft.amount(resource);
      return `${request ?? ''}/${limit ?? ''}`;
    }),
  ]);
  return createHash('sha256').update(JSON.stringify(amounts)).digest('hex').slice(0, 8);
}

/** Whether one of ours would be written without a CPU limit into a pod in which every container has one. */
function lacksCpuLimit(
  context: PodContext,
  initContainers: readonly PlannedMember[],
  containers: readonly PlannedMember[],
): boolean {
  return (initContainers.some(isUnlimited) || containers.some(isUnlimited)) && limitsEachCpu(context);
}

function isUnlimited(member: PlannedMember): boolean {
  return isWritten(member) && objectOf(objectOf(member.value['resources'])?.['limits'])?.['cpu'] === undefined;
}

/** Whether each container of the workload limits its CPU. */
function limitsEachCpu({ workload }: PodContext): boolean {
  for (const { value } of workload) {
    if (objectOf(objectOf(value['resources'])?.['limits'])?.['cpu'] === undefined) return false;
  }
  return true;
}
