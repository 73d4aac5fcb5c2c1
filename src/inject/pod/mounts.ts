import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ImageConfig } from '../../model/image.js';
import type { RecipeVolume } from '../../model/recipe.js';
import { otherAt } from '../host-mounts.js';
import { isInProcess, isSamePlace, mountPoint, withoutSlash } from '../path.js';
import type { PlannedMount } from './plan.js';
import type { ContainerView } from './view.js';

/** Whether a mount of the same volume at the same place is the planned one. */
function isMount(mount: JsonObject, planned: PlannedMount): boolean {
  return (
    (mount['subPath'] ?? '') === (planned['subPath'] ?? '') &&
    (mount['subPathExpr'] ?? '') === '' &&
    (mount['readOnly'] ?? false) === (planned['readOnly'] ?? false)
  );
}

/**
 * What a container of the workload mounts of the agent's files: all of them, and each folder of programs once more at
 * exactly its own path. A runtime lays a volume of the container's image over every path that the image declares and
 * that is not exactly a mount of the pod (F3).
 */
export function filesMounts(
  volume: RecipeVolume,
  delivery: 'Copy' | 'ImageVolume',
  volumeNames: readonly string[],
): readonly PlannedMount[] {
  const [files = volume.name, ...others] = volumeNames;
  const mountAt = (name: string, mountPath: string, subPath: string | undefined): PlannedMount => ({
    name,
    mountPath,
    ...(subPath === undefined || subPath === '' ? {} : { subPath }),
    readOnly: true,
  });
  const inImage = delivery === 'Copy' ? undefined : (volume.imageVolume?.subPath ?? '').replace(/\/+$/, '');
  return [
    mountAt(files, volume.mountPath, inImage),
    ...volume.programs.map(({ name, folder }, index) => {
      const mountPath = `${mountPoint(volume.mountPath)}${folder}`;
      if (inImage === undefined) return mountAt(others[index] ?? name, mountPath, undefined);
      return mountAt(files, mountPath, inImage === '' ? folder : `${inImage}/${folder}`);
    }),
  ];
}

/** The mounts that a container lacks; or which it has otherwise, or what of its own is in the way. */
export type MountsState = readonly PlannedMount[] | { readonly differs: string } | { readonly inTheWay: string };

const none: readonly PlannedMount[] = [];

/**
 * Which of our mounts a container has. Everything that appears at a path of it is looked at, since something at or below
 * ours hides what is in it: mounts, devices, and the file that the kubelet makes for its last words (F5). So does what is
 * mounted in a process's folder of `/proc`, from where the runtime follows a link to any place.
 *
 * @param wanted the first is the widest: the others are below it
 */
export function mountsState(container: ContainerView, wanted: readonly PlannedMount[]): MountsState {
  const [widest] = wanted;
  if (widest === undefined) return none;
  const path = mountPoint(widest.mountPath);
  let present: Set<PlannedMount> | undefined;
  let differs: string | undefined;
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (!isObject(mount)) continue;
    const other = mountPoint(stringOf(mount['mountPath']) ?? '');
    const below = other.startsWith(path);
    const planned = below
      ? wanted.find(({ name, mountPath }) => mount['name'] === name && mountPoint(mountPath) === other)
      : undefined;
    if (planned !== undefined) {
      if (!isMount(mount, planned)) differs ??= planned.mountPath;
      (present ??= new Set()).add(planned);
      continue;
    }
    const hides = below || isInProcess(other);
    if (!hides && !(path.startsWith(other) && other !== '/' && mount['readOnly'] === true)) continue;
    const how = hides ? 'mounted' : 'mounted read-only';
    return { inTheWay: `its own volume ${stringOf(mount['name']) ?? '?'} is ${how} at ${withoutSlash(other)}` };
  }
  const other = otherAt(container.value, path);
  if (other !== undefined) return { inTheWay: other };
  if (differs !== undefined) return { differs };
  if (present === undefined) return wanted;
  const has = present;
  return has.size === wanted.length ? none : wanted.filter((mount) => !has.has(mount));
}

/**
 * A VOLUME of a container's image below our mounts' paths, which hides what is there. One at exactly the path of a mount
 * does not: the runtime leaves it out. One that ours are below does not either: ours are mounted later. One in a process's
 * folder of `/proc` may, wherever it leads.
 */
export function volumeOfImage({ volumes = [] }: ImageConfig, mounts: readonly PlannedMount[]): string | undefined {
  const [widest] = mounts;
  if (volumes.length === 0 || widest === undefined) return undefined;
  const path = mountPoint(widest.mountPath);
  return volumes.find((volume) => {
    const at = mountPoint(volume);
    return isInProcess(at) || (at.startsWith(path) && !mounts.some(({ mountPath }) => mountPoint(mountPath) === at));
  });
}

/** Whether a container mounts a volume anywhere but where one of these mounts of it is, and as that is. */
export function mountsOtherwise(
  container: ContainerView,
  volumeName: string,
  planned: readonly PlannedMount[],
): boolean {
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (!isObject(mount) || mount['name'] !== volumeName) continue;
    const mountPath = mount['mountPath'];
    const isPlanned = planned.some(
      (one) =>
        one.name === volumeName &&
        typeof mountPath === 'string' &&
        isSamePlace(mountPath, one.mountPath) &&
        isMount(mount, one),
    );
    if (!isPlanned) return true;
  }
  return false;
}

/** Name of the volume that a container mounts at a path; `undefined` when it mounts none there. */
export function mountedVolume(container: ContainerView, mountPath: string): string | undefined {
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (isObject(mount) && mount['mountPath'] === mountPath && typeof mount['name'] === 'string') return mount['name'];
  }
  return undefined;
}
