import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { RecipeVolume } from '../../model/recipe.js';
import { mountPoint, withoutSlash } from '../path.js';
import type { PlannedMount } from './plan.js';
import { filesPath } from './scripts.js';
import type { ContainerView } from './view.js';

/** Whether a mount of the same volume at the same place is the planned one. */
export function isMount(mount: JsonObject, planned: PlannedMount): boolean {
  return (
    (mount['subPath'] ?? '') === (planned['subPath'] ?? '') &&
    (mount['subPathExpr'] ?? '') === '' &&
    (mount['readOnly'] ?? false) === (planned['readOnly'] ?? false)
  );
}

/** Where a container of the workload mounts the agent's files. */
export function filesMount(volume: RecipeVolume, delivery: 'Copy' | 'ImageVolume', volumeName: string): PlannedMount {
  const subPath = delivery === 'Copy' ? filesPath : volume.imageVolume?.subPath;
  return {
    name: volumeName,
    mountPath: volume.mountPath,
    ...(subPath === undefined ? {} : { subPath }),
    readOnly: true,
  };
}

/**
 * Whether a container has a mount, lacks it, has it otherwise, or has something of its own in the way. Every mount is
 * looked at, since one below ours hides what is in it.
 */
export function mountState(
  container: ContainerView,
  wanted: PlannedMount,
): 'present' | 'missing' | 'differs' | (string & {}) {
  const path = mountPoint(wanted.mountPath);
  let state: 'present' | 'missing' | 'differs' = 'missing';
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (!isObject(mount)) continue;
    const other = mountPoint(stringOf(mount['mountPath']) ?? '');
    if (other === path && mount['name'] === wanted.name) {
      state = isMount(mount, wanted) ? 'present' : 'differs';
      continue;
    }
    const inTheWay = other.startsWith(path) || (path.startsWith(other) && other !== '/' && mount['readOnly'] === true);
    if (!inTheWay) continue;
    const how = other.startsWith(path) ? 'mounted' : 'mounted read-only';
    return `its own volume ${stringOf(mount['name']) ?? '?'} is ${how} at ${withoutSlash(other)}`;
  }
  return state;
}

/** Name of the volume that a container mounts at a path; `undefined` when it mounts none there. */
export function mountedVolume(container: ContainerView, mountPath: string): string | undefined {
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (isObject(mount) && mount['mountPath'] === mountPath && typeof mount['name'] === 'string') return mount['name'];
  }
  return undefined;
}
