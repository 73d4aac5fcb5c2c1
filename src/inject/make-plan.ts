import { isObject, listOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { ContainerFinding, Finding } from '../model/decision.js';
import type { ImageOutcome } from '../model/image.js';
import type { StringMap } from '../model/selector.js';
import { chooseCapability } from './capability.js';
import { searchContainer, searchVolume, type Search } from './identify.js';
import { hasKeeper, type Surroundings } from './own-containers.js';
import { absentContainers } from './named-parts.js';
import type { Growth, Plan, PlannedMember, WorkloadPlan } from './plan.js';
import type { OwnPart } from './own-parts.js';
import type { Setting } from './setting.js';
import { filesMount, isMount, mountPoint } from './mounts.js';
import { planContainer, type Shared, type WorkloadResult } from './workload.js';
import type { ContainerView } from './view.js';

/** What a plan is made from, beside the setting. */
export interface PlanInput {
  readonly setting: Setting;
  /** The containers of the workload that the policy selects, in the pod's order. */
  readonly selected: readonly ContainerView[];
  /** What is known of a container's image. */
  readonly imageOf: (container: ContainerView) => ImageOutcome | undefined;
  readonly namespaceLabels: StringMap;
  /** Whether the ServiceAccount's pull secrets are in the pod already: true at admission, false in a manifest (E31). */
  readonly pullSecretsAdmitted: boolean;
}

/** A plan, or what is in its way, and how each selected container fares. */
export interface Planned {
  /** `undefined` when no selected container can be instrumented, or when the pod is instrumented otherwise. */
  readonly plan: Plan | undefined;
  readonly containers: readonly ContainerFinding[];
  /** The pod has parts of ours that are not as planned: another version, or a look-alike. */
  readonly differing: Finding | undefined;
  /** The pod overrides what the recipe reserves. */
  readonly tampered: Finding | undefined;
  readonly remarks: readonly Finding[];
}

/** Plans what a pod gets. Pure: the same input gives the same plan, in the same order. */
export function makePlan(input: PlanInput): Planned {
  const { setting, selected } = input;
  const { recipe, view, placement } = setting;
  const remarks: Finding[] = [];
  let differing: Finding | undefined;
  const keep = (search: Search): PlannedMember | undefined => {
    if ('differs' in search) {
      differing ??= search.differs;
      return undefined;
    }
    if (search.suffixed && search.member.present === undefined) {
      remarks.push({ reason: 'name_suffixed', detail: `${search.member.part} is named ${search.member.name}` });
    }
    return search.member;
  };

  const capability = chooseCapability(
    recipe.capabilities,
    placement.capability,
    view,
    input.namespaceLabels,
    setting.around.facts,
  );
  const volume =
    recipe.volume === undefined || setting.source === undefined
      ? undefined
      : keep(searchVolume(view, recipe.volume.name, setting.source, setting.mountedAs, usedOtherwise(setting)));
  const hostVolumes = planHostVolumes(setting, keep);
  const shared: Shared = {
    volumeName: volume?.name,
    addCapability: capability.add,
    hostVolumes: hostVolumes.names,
    ownInitIndex: lastOwnInit(setting),
  };

  const results = selected.map((container) => planContainer(container, input.imageOf(container), setting, shared));
  const containers = results.map(({ finding }) => finding);
  const tampered = firstOf(results, ({ tampered }) => tampered);
  differing ??= firstOf(results, ({ differs }) => differs);
  const workload = results.flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
  const firstWrapped =
    workload.find(({ container }) => container.list === 'containers')?.container ?? workload[0]?.container;
  const around: Surroundings = { ...setting.around, firstWrapped };

  const wrapped = workload.map(({ container }) => container);
  const find = (part: OwnPart, list: 'containers' | 'initContainers'): PlannedMember | undefined => {
    const search = searchPart(setting, around, part, list, volume?.name, wrapped);
    return search === undefined ? undefined : keep(search);
  };
  const initContainers: PlannedMember[] = [];
  const containerMembers: PlannedMember[] = [];
  if (setting.delivery === 'Copy' && volume !== undefined) {
    for (const part of ['tools', 'files'] as const) {
      const member = find(part, 'initContainers');
      if (member !== undefined) initContainers.push(member);
    }
  }
  const agent = find('agent', setting.native ? 'initContainers' : 'containers');
  if (agent !== undefined) (setting.native ? initContainers : containerMembers).push(agent);
  if (workload.length === 0 || differing !== undefined) {
    return { plan: undefined, containers, differing, tampered, remarks };
  }

  if (capability.remark !== undefined) remarks.push(capability.remark);
  for (const result of results) remarks.push(...result.remarks);
  remarks.push(...absentContainers(recipe, setting.workload));
  const secrets = planPullSecrets(input, remarks);
  if (recipe.sidecar !== undefined && recipe.prefer === 'Availability' && !hasKeeper(recipe, recipe.sidecar, around)) {
    remarks.push({ reason: 'keeper_left_out', detail: `what ${recipe.sidecar.image} starts is not known` });
  }
  const growth = growthOf([...initContainers, ...containerMembers]);
  const grown = growthText(growth);
  if (grown !== '') remarks.push({ reason: 'sidecar_resources', detail: `the pod grows by ${grown}` });
  const firstInit = workload.find(({ container }) => container.list === 'initContainers')?.container;
  const plan: Plan = {
    recipe,
    shareProcessNamespace: recipe.shareProcessNamespace && view.spec['shareProcessNamespace'] !== true,
    volumes: [...(volume === undefined ? [] : [volume]), ...mounted(hostVolumes.members, workload)],
    initContainers,
    containers: containerMembers,
    agentIndex: firstInit?.index ?? view.initContainers.length,
    workload,
    pullSecrets: secrets,
    evictableVolumes: volume === undefined || setting.delivery !== 'Copy' ? [] : [volume.name],
    growth,
    remarks,
  };
  return { plan, containers, differing, tampered, remarks };
}

/**
 * Finds one of our containers. An agent that takes on the workload's user has that of the container that was wrapped
 * first when it came: others may have come in front of it since.
 */
function searchPart(
  setting: Setting,
  around: Surroundings,
  part: OwnPart,
  list: 'containers' | 'initContainers',
  volumeName: string | undefined,
  wrapped: readonly ContainerView[],
): Search | undefined {
  const { view, parts, instrumented, recipe } = setting;
  const base = parts.nameOf(part);
  if (base === undefined || parts.make(part, base, volumeName, around) === undefined) return undefined;
  const searchAs = (firstWrapped: ContainerView | undefined): Search => {
    const make = (name: string): JsonObject => parts.make(part, name, volumeName, { ...around, firstWrapped }) ?? {};
    return searchContainer(view, part, list, base, make, instrumented, recipe.reservedEnv);
  };
  const search = searchAs(around.firstWrapped);
  if (part !== 'agent' || recipe.sidecar?.runAs !== 'Workload' || !('differs' in search)) return search;
  for (const container of wrapped) {
    const other = searchAs(container);
    if ('member' in other && other.member.present !== undefined) return other;
  }
  return search;
}

/** Whether a container that is not ours mounts a volume anywhere but where the wrapper is, read-only. */
function usedOtherwise(setting: Setting): (volumeName: string) => boolean {
  return (volumeName) =>
    setting.workload.some(({ value }) =>
      listOf(value['volumeMounts']).some((mount) => {
        if (!isObject(mount) || mount['name'] !== volumeName) return false;
        const planned = filesMount(setting, volumeName);
        const mountPath = mount['mountPath'];
        return (
          planned === undefined ||
          typeof mountPath !== 'string' ||
          mountPoint(mountPath) !== mountPoint(planned.mountPath) ||
          !isMount(mount, planned)
        );
      }),
    );
}

/** Place of the last of our own init containers; -1 when the pod has none. */
function lastOwnInit({ view, workload }: Setting): number {
  return view.initContainers.findLastIndex((container) => !workload.includes(container));
}

/** Those host volumes that a container mounts or is to mount: one that the pod has no need of is not added. */
function mounted(volumes: readonly PlannedMember[], workload: readonly WorkloadPlan[]): readonly PlannedMember[] {
  return volumes.filter(({ name }) =>
    workload.some(
      ({ container, mounts }) =>
        mounts.some((mount) => mount.name === name) ||
        listOf(container.value['volumeMounts']).some((mount) => isObject(mount) && mount['name'] === name),
    ),
  );
}

/** Host volumes under a free name, or the volume of the pod that has the same path already. */
function planHostVolumes(
  setting: Setting,
  keep: (search: Search) => PlannedMember | undefined,
): { members: readonly PlannedMember[]; names: ReadonlyMap<string, string> } {
  const members: PlannedMember[] = [];
  const names = new Map<string, string>();
  for (const { name, path, type } of setting.recipe.hostVolumes) {
    const index = setting.view.volumes.findIndex((volume) => {
      const host = volume['hostPath'];
      return isObject(host) && withoutSlash(host['path']) === withoutSlash(path);
    });
    const present = setting.view.volumes[index];
    if (present !== undefined && typeof present['name'] === 'string') {
      names.set(name, present['name']);
      continue;
    }
    const source = { hostPath: { path, ...(type === undefined ? {} : { type }) } };
    const member = keep(searchVolume(setting.view, name, source, undefined, () => false));
    if (member === undefined) continue;
    names.set(name, member.name);
    members.push(member);
  }
  return { members, names };
}

function withoutSlash(path: unknown): string {
  return typeof path === 'string' ? path.replace(/\/$/, '') : '';
}

function planPullSecrets(input: PlanInput, remarks: Finding[]): readonly string[] {
  const wanted = input.setting.recipe.imagePullSecrets;
  if (wanted.length === 0) return [];
  const present = listOf(input.setting.view.spec['imagePullSecrets']);
  const missing = wanted.filter((name) => !present.some((secret) => isObject(secret) && secret['name'] === name));
  if (missing.length > 0 && present.length === 0 && !input.pullSecretsAdmitted) {
    remarks.push({ reason: 'pull_secrets_not_added', detail: `${missing.join(', ')} not added` });
    return [];
  }
  return missing;
}

function growthOf(members: readonly PlannedMember[]): Growth {
  const agent = members.find(({ part, present }) => part === 'agent' && present === undefined);
  const resources = agent?.value['resources'];
  if (!isObject(resources)) return { requests: {}, limits: {} };
  return { requests: quantities(resources['requests']), limits: quantities(resources['limits']) };
}

function growthText({ requests, limits }: Growth): string {
  const listed = (amounts: Growth['requests'], kind: string): readonly string[] => {
    const texts = Object.entries(amounts).map(([name, amount]) => `${name} ${amount}`);
    return texts.length === 0 ? [] : [`${kind} ${texts.join(', ')}`];
  };
  return [...listed(requests, 'requests'), ...listed(limits, 'limits')].join('; ');
}

function quantities(value: unknown): Readonly<Record<string, string>> {
  const amounts: Record<string, string> = {};
  if (isObject(value))
    for (const name in value) {
      const amount = value[name];
      if (typeof amount === 'string') amounts[name] = amount;
    }
  return amounts;
}

function firstOf(
  results: readonly WorkloadResult[],
  of: (result: WorkloadResult) => Finding | undefined,
): Finding | undefined {
  for (const result of results) {
    const value = of(result);
    if (value !== undefined) return value;
  }
  return undefined;
}
