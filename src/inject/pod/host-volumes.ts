import { isObject, listOf, type JsonObject } from '../../model/json.js';
import type { Recipe } from '../../model/recipe.js';
import { isSamePlace } from '../path.js';
import type { Terms } from './differences/difference.js';
import { searchVolume, type Search } from './identify.js';
import type { PlannedMember, WorkloadPlan } from './plan.js';
import type { PodView } from './view.js';

/** The recipe's parts of the node, in one pod. */
export interface HostVolumes {
  /** Volumes that the pod lacks, under free names. */
  readonly members: readonly PlannedMember[];
  /** Names in this pod by the recipe's names. */
  readonly names: ReadonlyMap<string, string>;
}

/** Those host volumes that a container mounts or is to mount: one that the pod has no need of is not added. */
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

const noHostVolumes: HostVolumes = { members: [], names: new Map() };

/** Host volumes under a free name, or the volume of the pod that has the same path already. */
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
    const index = view.volumes.findIndex((volume) => {
      const host = volume['hostPath'];
      return isObject(host) && typeof host['path'] === 'string' && isSamePlace(host['path'], path);
    });
    const present = view.volumes[index];
    if (present !== undefined && typeof present['name'] === 'string') {
      names.set(name, present['name']);
      continue;
    }
    const hostPath = { path, ...(type === undefined ? {} : { type }) };
    const make = (volumeName: string): JsonObject => ({ name: volumeName, hostPath });
    const member = keep(searchVolume(view, name, make, undefined, () => false, terms));
    if (member === undefined) continue;
    names.set(name, member.name);
    members.push(member);
  }
  return { members, names };
}
