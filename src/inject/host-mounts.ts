import { isObject, listOf, objectOf, stringOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { Finding } from '../model/decision.js';
import { isInProcess, mountPoint, withoutSlash } from './path.js';

/** A part of the node that a container should see. */
export interface HostMount {
  /** Name of the volume in this pod. */
  readonly name: string;
  /** Path on the node. */
  readonly path: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** The mounts that a container lacks, and remarks about those that it has. */
export interface HostMounts {
  readonly mounts: readonly PlannedHostMount[];
  readonly remarks: readonly Finding[];
  /** The planned volume is mounted differently from the plan, which is not tolerated. */
  readonly differs?: Finding;
}

/** A mount as it will be in a container of a pod. */
export type PlannedHostMount = JsonObject & { readonly name: string; readonly mountPath: string };

/** The parts of a container that matter here. A task's container is given in a pod's form. */
export interface MountingContainer {
  readonly name: string;
  readonly value: JsonObject;
}

/** A mount in the pod. Paths end in a slash. */
interface PresentMount {
  readonly name: string;
  readonly at: string;
  /** The part of the node that it shows; `undefined` for another kind of volume. */
  readonly source: string | undefined;
  readonly readOnly: boolean;
  /** The pod has no volume with that name. */
  readonly isDangling: boolean;
}

/**
 * Plans the parts of the node that a container should see. The same path at the same place counts as met, whatever the
 * volume's name, and also inside a wider mount. A user's mount at the same path stays, with a remark. A mount in the way is
 * `mount_path_taken`: a mount inside another needs a folder as its mount point, which cannot be created in a read-only
 * mount.
 *
 * @param enforced whether the container's author is not trusted. Then nothing of theirs stays at the place or below it
 */
export function planHostMounts(
  container: MountingContainer,
  volumes: readonly JsonObject[],
  wanted: readonly HostMount[],
  enforced = false,
): HostMounts | Finding {
  if (wanted.length === 0) return { mounts: [], remarks: [] };
  const present = presentMounts(container, volumes);
  const mounts: PlannedHostMount[] = [];
  const remarks: Finding[] = [];
  let differs: Finding | undefined;
  for (const mount of wanted) {
    const at = mountPoint(mount.mountPath);
    const hiding = enforced ? whatHides(container, present, at, mount) : undefined;
    if (hiding !== undefined) return hiding;
    const own = present.find((other) => other.at === at);
    if (own !== undefined) {
      const kept = keptMount(container, mount, own);
      if (kept === undefined) continue;
      if (!enforced) remarks.push(kept);
      else if (own.name !== mount.name)
        return taken(own, own.source === mountPoint(mount.path) ? 'mounted read-only' : 'mounted');
      else differs ??= { ...kept, reason: 'parts_differ' };
      continue;
    }
    const around = deepestAround(present, at);
    if (around !== undefined && shows(around, at, mount)) continue;
    const inTheWay = present.find((other) => isInTheWay(other, at, mount));
    if (inTheWay !== undefined) return taken(inTheWay, at.startsWith(inTheWay.at) ? 'mounted read-only' : 'mounted');
    const { name, mountPath, readOnly } = mount;
    mounts.push({ name, mountPath, ...(readOnly ? { readOnly } : {}) });
  }
  return { mounts, remarks, ...(differs === undefined ? {} : { differs }) };
}

function taken({ name, at }: PresentMount, how: string): Finding {
  return { reason: 'mount_path_taken', detail: `its own volume ${name} is ${how} at ${withoutSlash(at)}` };
}

/** What appears below a place and differs from what the node has there. */
function whatHides(
  { value }: MountingContainer,
  present: readonly PresentMount[],
  at: string,
  wanted: HostMount,
): Finding | undefined {
  const below = present.find((other) => other.at !== at && other.at.startsWith(at) && isInTheWay(other, at, wanted));
  if (below !== undefined) return taken(below, 'mounted');
  const other = otherAt(value, at);
  return other === undefined ? undefined : { reason: 'mount_path_taken', detail: other };
}

/** Whether something at one place may hide what is at a path: it is at or below the path, or its place is unknown. */
function mayHide(place: string, path: string): boolean {
  return place.startsWith(path) || isInProcess(place);
}

/**
 * What appears at a path or below it without being a volume mount: a device, or the container's termination message file
 * (F5).
 */
export function otherAt(container: JsonObject, path: string): string | undefined {
  for (const device of listOf(container['volumeDevices'])) {
    const at = isObject(device) ? stringOf(device['devicePath']) : undefined;
    if (at === undefined || !mayHide(mountPoint(at), path)) continue;
    return `its own device ${(isObject(device) ? stringOf(device['name']) : undefined) ?? '?'} is at ${at}`;
  }
  const log = stringOf(container['terminationMessagePath']);
  return log === undefined || !mayHide(mountPoint(log), path) ? undefined : `its terminationMessagePath is ${log}`;
}

/** The mount that contains a place. A deeper mount covers the one around it. */
function deepestAround(present: readonly PresentMount[], at: string): PresentMount | undefined {
  let deepest: PresentMount | undefined;
  for (const mount of present) {
    if (at.startsWith(mount.at) && mount.at.length > (deepest?.at.length ?? 0)) deepest = mount;
  }
  return deepest;
}

/** A remark if the mount at exactly this place is not the wanted one. It stays anyway. */
function keptMount(container: MountingContainer, wanted: HostMount, own: PresentMount): Finding | undefined {
  // Our own mount, whose volume is missing and is added again.
  if (own.name === wanted.name && own.isDangling) return undefined;
  const same = own.source === mountPoint(wanted.path);
  if (same && (wanted.readOnly || !own.readOnly)) return undefined;
  const what = same ? 'read-only' : `from volume ${own.name}`;
  return { reason: 'mount_kept', detail: `container ${container.name} mounts ${wanted.mountPath} itself, ${what}` };
}

/** Whether a wider mount shows the wanted path at the wanted place. */
function shows(other: PresentMount, at: string, wanted: HostMount): boolean {
  if (other.source === undefined || !at.startsWith(other.at) || (other.readOnly && !wanted.readOnly)) return false;
  return other.source + at.slice(other.at.length) === mountPoint(wanted.path);
}

function isInTheWay(other: PresentMount, at: string, wanted: HostMount): boolean {
  if (at.startsWith(other.at)) return other.readOnly && other.at !== '/';
  if (!other.at.startsWith(at)) return false;
  // The same part of the node, so its mount point exists.
  return other.source !== mountPoint(wanted.path) + other.at.slice(at.length);
}

function presentMounts(container: MountingContainer, volumes: readonly JsonObject[]): readonly PresentMount[] {
  const byName = new Map(volumes.map((volume) => [volume['name'], volume]));
  return listOf(container.value['volumeMounts'])
    .filter(isObject)
    .map((mount) => ({
      name: stringOf(mount['name']) ?? '?',
      at: mountPoint(stringOf(mount['mountPath']) ?? ''),
      source: sourceOf(mount, byName.get(mount['name'])),
      readOnly: mount['readOnly'] === true,
      isDangling: !byName.has(mount['name']),
    }));
}

function sourceOf(mount: JsonObject, volume: JsonObject | undefined): string | undefined {
  const path = stringOf(objectOf(volume?.['hostPath'])?.['path']);
  if (path === undefined || mount['subPathExpr'] !== undefined) return undefined;
  const subPath = stringOf(mount['subPath']) ?? '';
  return subPath === '' ? mountPoint(path) : mountPoint(`${path}/${subPath}`);
}
