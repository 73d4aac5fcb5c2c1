import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ImageConfig } from '../../model/image.js';
import type { Delivery, RecipeVolume } from '../../model/recipe.js';
import { otherAt } from '../host-mounts.js';
import { isInProcess, isSamePlace, mountPoint, withoutSlash } from '../path.js';
import type { PlannedMount } from './plan.js';
import type { ContainerBody } from './view.js';

/** Whether a mount of the same volume at the same place is the planned one. */
function isMount(mount: JsonObject, planned: PlannedMount): boolean {
  return (
    (mount['subPath'] ?? '') === (planned['subPath'] ?? '') &&
    (mount['subPathExpr'] ?? '') === '' &&
    (mount['readOnly'] ?? false) === (planned['readOnly'] ?? false)
  );
}

/**
 * The agent's files that a container of the workload mounts: all of them, and each folder of programs again at exactly its
 * own path. A runtime puts a volume of the container's image over every path that the image declares and that is not exactly
 * a mount of the pod (F3).
 */
export function filesMounts(
  volume: RecipeVolume,
  delivery: Delivery,
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

/** The mounts that a container lacks, or which it has in another form, or which of its own are in the way. */
export type MountsState = readonly PlannedMount[] | { readonly differs: string } | { readonly inTheWay: string };

const none: readonly PlannedMount[] = [];

/**
 * Which of our mounts a container has. It looks at everything that appears at a path of the container, because something at
 * or below our mounts hides their content: mounts, devices, and the termination message file that the kubelet makes (F5). A
 * mount in a process's folder of `/proc` also can, because the runtime follows a link from there to any place.
 *
 * @param wanted the first is the widest: the others are below it
 */
export function mountsState(container: ContainerBody, wanted: readonly PlannedMount[]): MountsState {
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
 * A VOLUME of a container's image below our mounts' paths, which hides what is there. One at exactly a mount's path does
 * not, because the runtime leaves it out. One above ours does not either, because ours are mounted later. One in a process's
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

/** Whether a container mounts a volume in any other place or way than one of these mounts. */
export function mountsOtherwise(
  container: ContainerBody,
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
export function mountedVolume(container: ContainerBody, mountPath: string): string | undefined {
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (isObject(mount) && mount['mountPath'] === mountPath && typeof mount['name'] === 'string') return mount['name'];
  }
  return undefined;
}
