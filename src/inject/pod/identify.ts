import { isObject, listOf } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import { mostSuffixes, suffixedName } from '../free-name.js';
import { firstGap, isSameContainer, volumeIs } from './covers.js';
import type { PlannedMember } from './plan.js';
import type { ContainerView, PodView } from './view.js';

/** What a search for one of our parts found: the part, or a part of that name which is not as planned. */
export type Search = { readonly member: PlannedMember; readonly suffixed: boolean } | { readonly differs: Finding };

/**
 * Finds our volume in a pod, or a free name for it. A name or an annotation is no proof: only the source counts (E17).
 *
 * @param make the volume as planned, under a name
 * @param mountedAs name of the volume that a container started by the wrapper mounts at our path; such a pod is
 *   instrumented already, so a volume that is not ours there is a look-alike and no reason for a suffix
 * @param usedOtherwise whether the workload mounts a volume of that name in another way than planned: such a one is the
 *   user's own, or lets the workload write over the agent's files
 */
export function searchVolume(
  view: PodView,
  base: string,
  make: (name: string) => JsonObject,
  mountedAs: string | undefined,
  usedOtherwise: (name: string) => boolean,
): Search {
  if (mountedAs !== undefined) {
    const planned = make(mountedAs);
    const index = indexOf(view.volumes, mountedAs);
    const present = index === -1 ? undefined : view.volumes[index];
    if (present !== undefined && !volumeIs(present, planned)) {
      return { differs: differing(`volume ${mountedAs}`, 'does not come from the agent’s image as planned') };
    }
    if (usedOtherwise(mountedAs)) {
      return { differs: differing(`volume ${mountedAs}`, 'is mounted in another way than planned too') };
    }
    return found('volume', mountedAs, planned, present, index, mountedAs !== base);
  }
  for (let n = 1; n <= mostSuffixes; n++) {
    const name = suffixedName(base, n);
    const planned = make(name);
    const index = indexOf(view.volumes, name);
    const present = index === -1 ? undefined : view.volumes[index];
    if ((present !== undefined && !volumeIs(present, planned)) || usedOtherwise(name)) continue;
    return found('volume', name, planned, present, index, n > 1);
  }
  return { differs: differing(`volume ${base}`, 'and its suffixed names are all taken') };
}

function indexOf(volumes: readonly JsonObject[], name: string): number {
  for (let index = 0; index < volumes.length; index++) if (volumes[index]?.['name'] === name) return index;
  return -1;
}

/**
 * Finds one of our containers in a pod, or a free name for it.
 *
 * @param make the container as planned, under a name
 * @param instrumented whether the pod shows signs of being instrumented, so that a container of our name which is not as
 *   planned is another version of ours or a look-alike, and not the user's own
 * @param reservedEnv variables that nobody may add to our containers: they would change what the agent does (E32)
 */
export function searchContainer(
  view: PodView,
  part: PlannedMember['part'],
  list: 'containers' | 'initContainers',
  base: string,
  make: (name: string) => JsonObject,
  instrumented: boolean,
  reservedEnv: ReadonlySet<string>,
): Search {
  const other = list === 'containers' ? view.initContainers : view.containers;
  if (!isNameUsed(view.initContainers, base) && !isNameUsed(view.containers, base)) {
    return found(part, base, make(base), undefined, -1, false);
  }
  let free: string | undefined;
  // Ours may stand under a suffixed name behind a container of the user's own, so every name is looked at first.
  for (let n = 1; n <= mostSuffixes; n++) {
    const name = suffixedName(base, n);
    const present = view[list].find((container) => container.name === name);
    if (present === undefined) {
      if (free === undefined && !other.some((container) => container.name === name)) free = name;
      continue;
    }
    const planned = make(name);
    if (!isSameContainer(present.value, planned)) continue;
    const gap = firstGap(present.value, planned) ?? addedVariable(present.value, planned, reservedEnv);
    if (gap !== undefined) return { differs: differing(`container ${name}`, `has another ${gap} than planned`) };
    return found(part, name, planned, present.value, present.index, name !== base);
  }
  if (instrumented && free !== base) {
    const present = view[list].find((container) => container.name === base);
    const gap = present === undefined ? 'place' : (firstGap(present.value, make(base)) ?? 'field');
    return { differs: differing(`container ${base}`, `has another ${gap} than planned`) };
  }
  if (free === undefined) return { differs: differing(`container ${base}`, 'and its suffixed names are all taken') };
  return found(part, free, make(free), undefined, -1, free !== base);
}

/** Whether a container has this name, or one that a suffix makes of it. */
function isNameUsed(containers: readonly ContainerView[], base: string): boolean {
  for (const { name } of containers) if (name.startsWith(base)) return true;
  return false;
}

/** A reserved variable that the planned container does not have; `undefined` when none was added. */
function addedVariable(actual: JsonObject, planned: JsonObject, reserved: ReadonlySet<string>): string | undefined {
  if (reserved.size === 0) return undefined;
  for (const entry of listOf(actual['env'])) {
    const name = isObject(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string' || !reserved.has(name)) continue;
    const ours = listOf(planned['env']).some((variable) => isObject(variable) && variable['name'] === name);
    if (!ours) return `variable ${name}`;
  }
  return undefined;
}

function found(
  part: PlannedMember['part'],
  name: string,
  value: JsonObject,
  present: JsonObject | undefined,
  index: number,
  suffixed: boolean,
): Search {
  const place = present === undefined ? undefined : index;
  return { member: { part, name, value, present, index: place }, suffixed };
}

function differing(what: string, how: string): Finding {
  return { reason: 'parts_differ', detail: `${what} ${how}` };
}
