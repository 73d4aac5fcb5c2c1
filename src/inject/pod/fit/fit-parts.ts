import { createHash } from 'node:crypto';
import type { Finding } from '../../../model/decision.js';
import { objectOf } from '../../../model/json.js';
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
import { PodFit } from './pod-fit.js';

/** Our containers, as they fit into the pod and its namespace. */
export interface FittedParts {
  readonly initContainers: readonly PlannedMember[];
  readonly containers: readonly PlannedMember[];
  /** Short hash of the amounts that are other than planned. */
  readonly digest: string;
}

/** Why they fit in no way. */
export interface UnfitParts {
  readonly misfit: Finding;
}

/**
 * Fits the amounts of our containers, where they are to be written into the pod, to what its namespace allows and demands,
 * and to what the pod does: where each of its containers limits the CPU, ours do. One that stands in the pod already is
 * judged by what it needs and not by what it would be fitted to, so that it does not matter who knew what when it was made.
 *
 * Nothing is made for a pod in a namespace that asks for nothing, unless the agent has to get a CPU limit.
 *
 * @param limits those of the namespace; `undefined` where nothing is known of them
 * @param agentIndex where a native agent is inserted among the pod's init containers
 * @returns `undefined` where they stay as they are
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
  if (!initContainers.some(isWritten) && !containers.some(isWritten)) return undefined;
  const demands = demandsOf(known, context, limitsEachCpu(context));
  const drafts = draftsOf(context, known, demands, initContainers, containers);
  const misfit =
    unfitQuota(known, context) ??
    firstMisfit(drafts) ??
    new PodFit(context, known.pod, drafts, { initContainers, containers, agentIndex }).misfit();
  if (misfit !== undefined) return { misfit: { reason: 'resources_do_not_fit', detail: misfit } };
  const fitted = (member: PlannedMember): PlannedMember =>
    drafts.find((draft) => draft.member === member)?.fitted() ?? member;
  const changed = drafts.filter((draft) => draft.fitted() !== draft.member);
  if (changed.length === 0) return undefined;
  return {
    initContainers: initContainers.map(fitted),
    containers: containers.map(fitted),
    digest: digestOf(changed),
  };
}

/** The agent first: what it asks for is free for the steps, which run before it. */
function draftsOf(
  context: PodContext,
  limits: NamespaceLimits,
  demands: Demands,
  initContainers: readonly PlannedMember[],
  containers: readonly PlannedMember[],
): readonly Draft[] {
  const members = [...initContainers, ...containers];
  const agent = members.find(({ part }) => part === 'agent');
  const drafts: Draft[] = [];
  if (agent !== undefined && isWritten(agent)) drafts.push(new Draft(context, agent, limits, demands, () => 0n));
  const ofAgent = drafts[0];
  const free = (resource: BoundedResource): bigint => ofAgent?.amount(resource).request ?? 0n;
  for (const member of members) {
    if (member.part !== 'agent' && isWritten(member)) {
      drafts.push(new Draft(context, member, limits, demands, free));
    }
  }
  return drafts;
}

/** Whether a container of ours is written into the pod, or may be put back whole. */
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

/** Whether one of ours is to be written without a CPU limit into a pod whose every container has one. */
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
