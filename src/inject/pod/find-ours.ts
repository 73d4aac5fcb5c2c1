import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { TokenMounts } from './api-token.js';
import type { PodContext } from './context.js';
import { containerDifferences } from './differences/compare.js';
import type { Terms } from './differences/difference.js';
import type { OwnMembers } from './differences/settle.js';
import { searchContainer, searchVolume, type Search } from './identify.js';
import { mountsOtherwise } from './mounts.js';
import { leastStepLimits, type Surroundings } from './own-containers.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import type { PlannedMember, WorkloadPlan } from './plan.js';
import type { ContainerView } from './view.js';

const noMembers: readonly PlannedMember[] = [];

/** Finds our parts in one pod, or a free name for each, and remembers the first thing in a part's place that is not ours. */
export class OursFinder {
  readonly #context: PodContext;
  readonly #remarks: Finding[];
  #differing: Finding | undefined;

  /** @param remarks called for the parts that get another name */
  constructor(context: PodContext, remarks: Finding[]) {
    this.#context = context;
    this.#remarks = remarks;
  }

  /** The found part that differs from the plan: another version of ours, or a look-alike. */
  get differing(): Finding | undefined {
    return this.#differing;
  }

  /** Records a difference from elsewhere. The first one counts. */
  differs(finding: Finding | undefined): void {
    this.#differing ??= finding;
  }

  /** The result of a search, if it is our part or a free name. */
  readonly keep = (search: Search): PlannedMember | undefined => {
    if ('differs' in search) {
      this.differs(search.differs);
      return undefined;
    }
    const { member, suffixed } = search;
    if (suffixed && member.present === undefined) {
      this.#remarks.push({ reason: 'name_suffixed', detail: `${member.part} is named ${member.name}` });
    }
    return member;
  };

  /** Our volumes in the order of their names; none if one of them is not as planned, or has no free name. */
  volumes(): readonly PlannedMember[] {
    const context = this.#context;
    const { view, parts, delivery, mountedAs, around } = context;
    const ownNames = parts.volumeNames(delivery);
    if (ownNames.length === 0) return noMembers;
    const terms = termsOf(context, 'volume');
    const members: PlannedMember[] = [];
    for (let index = 0; index < ownNames.length; index++) {
      const make = (name: string): JsonObject => parts.volume(index, name, delivery, around.facts);
      const usedOtherwise = (name: string): boolean => isUsedOtherwise(context, index, name);
      const search = searchVolume(view, ownNames[index] ?? '', make, mountedAs[index], usedOtherwise, terms);
      const member = this.keep(search);
      if (member === undefined) return noMembers;
      members.push(member);
    }
    return members;
  }

  /** Our containers, in the required order. */
  containers(
    volumeNames: readonly string[],
    around: Surroundings,
    workload: readonly WorkloadPlan[],
  ): Pick<OwnMembers, 'initContainers' | 'containers'> {
    const { delivery, native } = this.#context;
    const initContainers: PlannedMember[] = [];
    const containers: PlannedMember[] = [];
    const take = (part: OwnPart, list: 'containers' | 'initContainers'): void => {
      const search = searchPart(this.#context, around, part, list, volumeNames, workload);
      const member = search && this.keep(search);
      if (member !== undefined) (list === 'containers' ? containers : initContainers).push(member);
    };
    if (delivery === 'Copy' && volumeNames.length > 0) {
      take('tools', 'initContainers');
      take('files', 'initContainers');
    }
    take('agent', native ? 'initContainers' : 'containers');
    return { initContainers, containers };
  }
}

/** The names of the volumes in the pod; the recipe's own list if they are the recipe's. */
export function namesOf(volumes: readonly PlannedMember[], ownNames: readonly string[]): readonly string[] {
  if (volumes.length === ownNames.length && volumes.every(({ name }, index) => name === ownNames[index]))
    return ownNames;
  return volumes.map(({ name }) => name);
}

/** What is needed to compare parts of ours in a pod. */
export function termsOf({ view, recipe, around }: PodContext, part: Terms['part']): Terms {
  return {
    part,
    facts: around.facts,
    volumes: view.volumes,
    minimumLimits: () => (part === 'agent' ? recipe.sidecar?.minimumLimits : leastStepLimits(recipe)),
    ownLimits: () => (part === 'agent' ? recipe.sidecar?.resources.limits : leastStepLimits(recipe)),
    reservedEnv: recipe.reservedEnv,
  };
}

/** A pod's context, when it is known which container is wrapped first, and what is mounted in place of a token. */
export function surroundingsOf(
  around: Surroundings,
  firstWrapped: ContainerView | undefined,
  token: TokenMounts,
): Surroundings {
  const { facts, native, delivery, guaranteed, limitsEphemeralStorage, view } = around;
  return { facts, native, delivery, guaranteed, limitsEphemeralStorage, firstWrapped, token, view };
}

/**
 * Finds one of our containers. An agent that takes on the workload's user has the user of the container that was wrapped
 * first when the agent was added. Others may have been inserted before that container since.
 */
function searchPart(
  context: PodContext,
  around: Surroundings,
  part: OwnPart,
  list: 'containers' | 'initContainers',
  volumeNames: readonly string[],
  workload: readonly WorkloadPlan[],
): Search | undefined {
  const { view, parts, instrumented, recipe } = context;
  const base = parts.nameOf(part);
  if (base === undefined || parts.make(part, base, volumeNames, around) === undefined) return undefined;
  const searchIn = (surroundings: Surroundings): Search => {
    const make = (name: string): JsonObject => parts.make(part, name, volumeNames, surroundings) ?? {};
    const search = searchContainer(view, part, list, base, make, instrumented);
    if ('differs' in search || search.member.present === undefined) return search;
    const { member, suffixed } = search;
    const differences = containerDifferences(search.member.present, member.value, termsOf(context, part));
    return differences.length === 0 ? search : { member: { ...member, differences }, suffixed };
  };
  const search = searchIn(around);
  if (part !== 'agent' || recipe.sidecar?.runAs !== 'Workload' || isAsPlanned(search)) return search;
  for (const { container } of workload) {
    const other = searchIn(surroundingsOf(around, container, around.token));
    if (isAsPlanned(other)) return other;
  }
  return search;
}

function isAsPlanned(search: Search): boolean {
  return 'member' in search && search.member.differences.length === 0;
}

/**
 * Whether a container that is not ours mounts a volume in another way than read-only at the path of the agent's files.
 *
 * @param index which of our volumes it would be
 */
function isUsedOtherwise({ workload, parts, delivery }: PodContext, index: number, volumeName: string): boolean {
  let planned: ReturnType<OwnParts['filesMounts']> | undefined;
  for (const container of workload) {
    const names = parts.volumeNames(delivery);
    planned ??= parts.filesMounts(names[index] === volumeName ? names : names.with(index, volumeName), delivery);
    if (mountsOtherwise(container, volumeName, planned)) return true;
  }
  return false;
}
