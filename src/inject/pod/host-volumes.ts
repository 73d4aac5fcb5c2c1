import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Recipe } from '../../model/recipe.js';
import { isSamePlace } from '../path.js';
import { volumeDifferences } from './differences/compare.js';
import type { Terms } from './differences/difference.js';
import { isNameOf, searchVolume, type Search } from './identify.js';
import { partsFor } from './named-parts.js';
import type { PlannedMember, WorkloadPlan } from './plan.js';
import type { PodView } from './view.js';

/** The recipe's parts of the node, in one pod. */
export interface HostVolumes {
  /** The recipe's volumes: those that the pod lacks, under free names, and those that it has. */
  readonly members: readonly PlannedMember[];
  /** Names in this pod, by the recipe's names. */
  readonly names: ReadonlyMap<string, string>;
  /** The pod's volumes, with the recipe's as they are planned: one that differs is reported separately. */
  readonly volumes: readonly JsonObject[];
}

/** The host volumes that a container mounts or will mount. Volumes that the pod does not need are not added. */
export function neededVolumes(
  volumes: readonly PlannedMember[],
  workload: readonly WorkloadPlan[],
): readonly PlannedMember[] {
  return volumes.filter(({ name }) =>
    workload.some(
      ({ container, mounts }) =>
        mounts.some((mount) => mount.name === name) ||
        listOf(container.value['volumeMounts']).some((mount) => isObject(mount) && mount['name'] === name),
    ),
  );
}

/**
 * Host volumes under a free name, or the pod's volume that already has the same path. A volume with the recipe's name that a
 * container mounts where the recipe mounts it is the recipe's, whatever it contains now.
 */
export function planHostVolumes(
  recipe: Recipe,
  view: PodView,
  keep: (search: Search) => PlannedMember | undefined,
  terms: Terms,
): HostVolumes {
  if (recipe.hostVolumes.length === 0) return noHostVolumes;
  const members: PlannedMember[] = [];
  const names = new Map<string, string>();
  for (const { name, path, type } of recipe.hostVolumes) {
    const hostPath = { path, ...(type === undefined ? {} : { type }) };
    const make = (volumeName: string): JsonObject => ({ name: volumeName, hostPath });
    const mountedAs = nameMounted(recipe, view, name);
    const own = mountedAs === undefined ? sameInPod(view, name, path, make, terms) : undefined;
    if (own !== undefined) {
      names.set(name, own);
      continue;
    }
    const member = keep(searchVolume(view, name, make, mountedAs, () => false, terms));
    if (member === undefined) continue;
    names.set(name, member.name);
    members.push({ ...member, ofNode: true });
  }
  return { members, names, volumes: asPlanned(view.volumes, members) };
}

/** Nothing is compared with the pod's volumes then. */
const noHostVolumes: HostVolumes = { members: [], names: new Map(), volumes: [] };

/** The recipe's name, or a suffixed one, of a volume that a container mounts where the recipe mounts this one. */
function nameMounted(recipe: Recipe, view: PodView, volume: string): string | undefined {
  for (const container of [...view.initContainers, ...view.containers]) {
    for (const { mounts } of partsFor(recipe, container)) {
      for (const { volume: wanted, mountPath } of mounts) {
        if (wanted !== volume) continue;
        for (const mount of listOf(container.value['volumeMounts'])) {
          const [name, at] = isObject(mount) ? [stringOf(mount['name']), stringOf(mount['mountPath'])] : [];
          if (name === undefined || at === undefined) continue;
          if (isNameOf(volume, name) && isSamePlace(at, mountPath)) return name;
        }
      }
    }
  }
  return undefined;
}

/** Name of a volume of the pod that has the same path. A volume under one of the recipe's names must be as planned. */
function sameInPod(
  { volumes }: PodView,
  base: string,
  path: string,
  make: (name: string) => JsonObject,
  terms: Terms,
): string | undefined {
  for (const volume of volumes) {
    const [name, host] = [stringOf(volume['name']), volume['hostPath']];
    if (name === undefined || !isObject(host) || typeof host['path'] !== 'string') continue;
    if (!isSamePlace(host['path'], path)) continue;
    if (!isNameOf(base, name) || volumeDifferences(volume, make(name), terms).length === 0) return name;
  }
  return undefined;
}

function asPlanned(volumes: readonly JsonObject[], members: readonly PlannedMember[]): readonly JsonObject[] {
  if (members.every(({ present }) => present === undefined)) return volumes;
  return volumes.map((volume) => members.find(({ present }) => present === volume)?.value ?? volume);
}
