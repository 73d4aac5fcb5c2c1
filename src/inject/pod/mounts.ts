import type { JsonObject } from '../../model/json.js';
import type { RecipeVolume } from '../../model/recipe.js';
import type { PlannedMount } from './plan.js';
import { filesPath } from './scripts.js';

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
