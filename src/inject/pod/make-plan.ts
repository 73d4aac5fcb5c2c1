import type { JsonObject } from '../../model/json.js';
import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import type { NamespaceLimits } from '../../model/namespace-limits.js';
import type { StringMap } from '../../model/selector.js';
import { agentUserTaken, firstBeforeSteps } from './agent-user.js';
import { chooseCapability } from './capability.js';
import { neededVolumes, planHostVolumes } from './host-volumes.js';
import { containerDifferences } from './differences/compare.js';
import type { Terms } from './differences/difference.js';
import { settleDifferences, type OwnMembers } from './differences/settle.js';
import { searchContainer, searchVolume, type Search } from './identify.js';
import { fitParts } from './fit/fit-parts.js';
import { ownResolver, redirectedHost } from './host-names.js';
import { hasKeeper, leastStepLimits, type Surroundings } from './own-containers.js';
import { absentContainers } from './named-parts.js';
import type { Plan, PlannedMember, WorkloadPlan } from './plan.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import type { PodContext } from './context.js';
import { mountsOtherwise } from './mounts.js';
import { pid1Remarks } from './process-one.js';
import { pullSecretsFor } from './pull-secrets.js';
import { planContainer, type Shared } from './workload.js';
import type { ContainerView } from './view.js';

/** What a plan is made from, beside the context. */
export interface PlanInput {
  readonly context: PodContext;
  /** The containers of the workload that the policy selects, in the pod's order. */
  readonly selected: readonly ContainerView[];
  /** What is known of a container's image. */
  readonly imageOf: (container: ContainerView) => ImageOutcome | undefined;
  readonly namespaceLabels: StringMap;
  /** Whether the operator names a container among the policy's exclusions. */
  readonly excluded: (container: ContainerView) => boolean;
  /** Whether the ServiceAccount's pull secrets are in the pod already: true at admission, false in a manifest (E31). */
  readonly pullSecretsAdmitted: boolean;
  /** What becomes of parts of ours that are other than planned. */
  readonly differing: WhereDiffering;
  /** What the namespace asks of amounts; `undefined` where that is not known. */
  readonly limits: NamespaceLimits | undefined;
}

/**
 * What becomes of parts of ours that differ from the plan: they are put back whole, or stay as they are and the rest is
 * planned, or nothing is planned.
 */
export type WhereDiffering = 'putBack' | 'stays' | 'stops';

/** A plan, or what is in its way, and how each selected container fares. */
export interface Planned {
  /** `undefined` when no selected container can be instrumented, or when the pod is instrumented otherwise. */
  readonly plan: Plan | undefined;
  readonly containers: readonly ContainerFinding[];
  /** The pod has parts of ours that are not as planned: another version, or a look-alike. */
  readonly differing: Finding | undefined;
  /** Parts of ours differ and stay as they are; the plan holds the rest. */
  readonly kept: Finding | undefined;
  /** The pod overrides what the recipe reserves. */
  readonly tampered: Finding | undefined;
  /** What only somebody would do who means to get round a policy that insists on the instrumentation. */
  readonly forged: Finding | undefined;
  /** Something about the whole pod that rules the instrumentation out. */
  readonly obstacle: Finding | undefined;
  readonly remarks: readonly Finding[];
}

/** Plans what a pod gets. Pure: the same input gives the same plan, in the same order. */
export function makePlan(input: PlanInput): Planned {
  const { context, selected } = input;
  const { recipe, view, wishes, parts, delivery } = context;
  const remarks: Finding[] = [];
  let differing: Finding | undefined;
  const keep = (search: Search | undefined): PlannedMember | undefined => {
    if (search === undefined) return undefined;
    if ('differs' in search) {
      differing ??= search.differs;
      return undefined;
    }
    if (search.suffixed && search.member.present === undefined) {
      remarks.push({ reason: 'name_suffixed', detail: `${search.member.part} is named ${search.member.name}` });
    }
    return search.member;
  };

  const { facts } = context.around;
  const capability = chooseCapability(recipe.capabilities, wishes.capability, view, input.namespaceLabels, facts);
  const ownVolumes = planOwnVolumes(context, keep);
  const volumeNames = namesOf(ownVolumes, parts.volumeNames(delivery));
  const hostVolumes = planHostVolumes(recipe, view, keep, termsOf(context, 'volume'));
  const shared: Shared = {
    files: parts.filesMounts(volumeNames, delivery),
    addCapability: capability.add,
    hostVolumes,
    ownInitIndex: lastOwnInit(context),
  };

  const containers: ContainerFinding[] = [];
  const workload: WorkloadPlan[] = [];
  const workloadRemarks: Finding[] = [];
  let tampered: Finding | undefined;
  for (const container of selected) {
    const result = planContainer(container, input.imageOf(container), context, shared, workloadRemarks);
    containers.push(result.finding);
    if (result.plan !== undefined) workload.push(result.plan);
    tampered ??= result.tampered;
    differing ??= result.differs;
  }
  const around: Surroundings = surroundingsOf(context.around, firstWrapped(workload));

  const find = (part: OwnPart, list: 'containers' | 'initContainers'): PlannedMember | undefined =>
    keep(searchPart(context, around, part, list, volumeNames, workload));
  const initContainers: PlannedMember[] = [];
  const containerMembers: PlannedMember[] = [];
  if (delivery === 'Copy' && volumeNames.length > 0) {
    const tools = find('tools', 'initContainers');
    if (tools !== undefined) initContainers.push(tools);
    const files = find('files', 'initContainers');
    if (files !== undefined) initContainers.push(files);
  }
  const agent = find('agent', context.native ? 'initContainers' : 'containers');
  if (agent !== undefined) (context.native ? initContainers : containerMembers).push(agent);
  const volumes = volumesOf(ownVolumes, hostVolumes.members, workload);
  const agentIndex = firstInitIndex(workload) ?? view.initContainers.length;
  const fit = fitParts(context, input.limits, initContainers, containerMembers, agentIndex);
  const fitted = fit !== undefined && 'digest' in fit ? fit : undefined;
  const own = settleDifferences(
    {
      volumes,
      initContainers: fitted?.initContainers ?? initContainers,
      containers: fitted?.containers ?? containerMembers,
    },
    input.differing,
  );
  differing ??= own.differing;
  const { forged, obstacle } = selected.length === 0 ? nothingWrong : findForged(input, initContainers, remarks);
  if (workload.length === 0 || differing !== undefined) {
    const ruledOut = differing === undefined ? obstacle : undefined;
    return { plan: undefined, containers, differing, kept: undefined, tampered, forged, obstacle: ruledOut, remarks };
  }
  if (own.remark !== undefined) remarks.push(own.remark);

  if (capability.remark !== undefined) remarks.push(capability.remark);
  pid1Remarks(context, remarks);
  for (const remark of workloadRemarks) remarks.push(remark);
  if (recipe.containers.length > 0) remarks.push(...absentContainers(recipe, context.workload));
  const pullSecrets = planPullSecrets(input, remarks);
  if (recipe.sidecar !== undefined && recipe.prefer === 'Availability' && !hasKeeper(recipe, recipe.sidecar, around)) {
    remarks.push({ reason: 'keeper_left_out', detail: `what ${recipe.sidecar.image} starts is not known` });
  }
  const growth = parts.growthBy(agentIn(own.members));
  if (growth.text !== '') remarks.push({ reason: 'sidecar_resources', detail: `the pod grows by ${growth.text}` });
  const plan: Plan = {
    recipe,
    shareProcessNamespace: recipe.shareProcessNamespace && view.spec['shareProcessNamespace'] !== true,
    volumes: own.members.volumes,
    initContainers: own.members.initContainers,
    containers: own.members.containers,
    agentIndex,
    workload,
    pullSecrets,
    evictableVolumes: delivery === 'Copy' ? volumeNames : noNames,
    growth,
    fitted: fitted?.digest,
    remarks,
  };
  const inTheWay = obstacle ?? (fit !== undefined && 'misfit' in fit ? fit.misfit : undefined);
  // Written out: V8 takes several microseconds to spread an object into a larger one.
  return { plan, containers, differing, kept: own.kept, tampered, forged, obstacle: inTheWay, remarks };
}

/** The agent's container, where it is to be added. */
function agentIn({ initContainers, containers }: OwnMembers): JsonObject | undefined {
  const isNew = ({ part, present }: PlannedMember): boolean => part === 'agent' && present === undefined;
  return (initContainers.find(isNew) ?? containers.find(isNew))?.value;
}

const nothingWrong = { forged: undefined, obstacle: undefined };

/** What of the pod works against the agent; at most a remark where the policy does not insist on the instrumentation. */
function findForged(
  { context, excluded, imageOf }: PlanInput,
  initContainers: readonly PlannedMember[],
  remarks: Finding[],
): Pick<Planned, 'forged' | 'obstacle'> {
  const { recipe, view, wishes, workload } = context;
  const { facts } = context.around;
  const redirected = redirectedHost(view.spec, recipe.hosts);
  const detail = `${redirected ?? ''}, a host that the agent talks to`;
  const resolver = ownResolver(view.spec, recipe.hosts);
  if (resolver !== undefined) remarks.push({ reason: 'host_redirected', detail: resolver });
  const taken = agentUserTaken(workload, view, recipe, facts, imageOf);
  if (!wishes.enforced) {
    if (redirected !== undefined) remarks.push({ reason: 'host_redirected', detail });
    if (taken !== undefined) remarks.push(taken);
    return nothingWrong;
  }
  let lastStep = -1;
  for (const { part, index } of initContainers) if (part !== 'agent') lastStep = Math.max(lastStep, index ?? -1);
  const before = firstBeforeSteps(workload, view, recipe, facts, lastStep, excluded);
  return { forged: redirected === undefined ? before : { reason: 'tampered', detail }, obstacle: taken };
}

const noNames: readonly string[] = [];
const noMembers: readonly PlannedMember[] = [];

/** Our volumes in the order of their names; none where one of them is not as planned, or has no name left. */
function planOwnVolumes(
  context: PodContext,
  keep: (search: Search) => PlannedMember | undefined,
): readonly PlannedMember[] {
  const { view, parts, delivery, mountedAs, around } = context;
  const ownNames = parts.volumeNames(delivery);
  if (ownNames.length === 0) return noMembers;
  const make = (name: string): JsonObject => parts.volume(name, delivery, around.facts);
  const terms = termsOf(context, 'volume');
  const members: PlannedMember[] = [];
  for (let index = 0; index < ownNames.length; index++) {
    const usedOtherwise = (name: string): boolean => isUsedOtherwise(context, index, name);
    const member = keep(searchVolume(view, ownNames[index] ?? '', make, mountedAs[index], usedOtherwise, terms));
    if (member === undefined) return noMembers;
    members.push(member);
  }
  return members;
}

/** The names that volumes have in the pod; the recipe's own list where they are the recipe's. */
function namesOf(volumes: readonly PlannedMember[], ownNames: readonly string[]): readonly string[] {
  if (volumes.length === ownNames.length && volumes.every(({ name }, index) => name === ownNames[index]))
    return ownNames;
  return volumes.map(({ name }) => name);
}

/** What parts of ours in a pod are compared by. */
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

function surroundingsOf(around: Surroundings, firstWrapped: ContainerView | undefined): Surroundings {
  const { facts, native, delivery, guaranteed, limitsEphemeralStorage, view } = around;
  return { facts, native, delivery, guaranteed, limitsEphemeralStorage, firstWrapped, view };
}

/** The first container of the workload proper that is wrapped, else the first init container. */
function firstWrapped(workload: readonly WorkloadPlan[]): ContainerView | undefined {
  for (const { container } of workload) if (container.list === 'containers') return container;
  return workload[0]?.container;
}

function firstInitIndex(workload: readonly WorkloadPlan[]): number | undefined {
  for (const { container } of workload) if (container.list === 'initContainers') return container.index;
  return undefined;
}

function volumesOf(
  ownVolumes: readonly PlannedMember[],
  hostVolumes: readonly PlannedMember[],
  workload: readonly WorkloadPlan[],
): readonly PlannedMember[] {
  const host = hostVolumes.length === 0 ? hostVolumes : neededVolumes(hostVolumes, workload);
  return host.length === 0 ? ownVolumes : [...ownVolumes, ...host];
}

/**
 * Finds one of our containers. An agent that takes on the workload's user has that of the container that was wrapped
 * first when it came: others may have come in front of it since.
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
    const other = searchIn(surroundingsOf(around, container));
    if (isAsPlanned(other)) return other;
  }
  return search;
}

function isAsPlanned(search: Search): boolean {
  return 'member' in search && search.member.differences.length === 0;
}

/**
 * Whether a container that is not ours mounts a volume anywhere but where the agent's files are, read-only.
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

/** Place of the last of our own init containers; -1 when the pod has none. */
function lastOwnInit({ view, workload }: PodContext): number {
  let last = -1;
  let at = 0;
  // The workload is in the pod's order, without ours.
  for (const container of view.initContainers) {
    if (container === workload[at]) at++;
    else last = container.index;
  }
  return last;
}

function planPullSecrets(input: PlanInput, remarks: Finding[]): readonly string[] {
  const { recipe, view } = input.context;
  const { missing, added } = pullSecretsFor(view.spec, recipe.imagePullSecrets, input.pullSecretsAdmitted);
  if (added.length < missing.length) {
    remarks.push({ reason: 'pull_secrets_not_added', detail: `${missing.join(', ')} not added` });
  }
  return added;
}
