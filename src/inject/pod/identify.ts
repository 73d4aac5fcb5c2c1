import { listOf, objectOf } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import { mostSuffixes, suffixedName } from '../free-name.js';
import { same } from './covers.js';
import { volumeDifferences } from './differences/compare.js';
import { noDifferences, type Difference, type Terms } from './differences/difference.js';
import type { PlannedMember } from './plan.js';
import type { ContainerView, PodView } from './view.js';

/**
 * The result of a search for one of our parts: the part, which may have been changed since, or something in its place that
 * is not ours.
 */
export type Search = { readonly member: PlannedMember; readonly suffixed: boolean } | { readonly differs: Finding };

/**
 * Finds our volume in a pod, or a free name for it. A name or an annotation is no proof: only the source counts (E17).
 *
 * @param make the volume as planned, under a name
 * @param mountedAs name of the volume that a container started by the wrapper mounts at our path; such a pod is
 *   instrumented already, so a volume that is not ours there is a look-alike and no reason for a suffix
 * @param usedOtherwise whether the workload mounts a volume with that name differently from the plan. Such a volume is the
 *   user's own, or lets the workload overwrite the agent's files
 */
export function searchVolume(
  view: PodView,
  base: string,
  make: (name: string) => JsonObject,
  mountedAs: string | undefined,
  usedOtherwise: (name: string) => boolean,
  terms: Terms,
): Search {
  if (mountedAs !== undefined) {
    const planned = make(mountedAs);
    const index = indexOf(view.volumes, mountedAs);
    const present = index === -1 ? undefined : view.volumes[index];
    const differences = present === undefined ? noDifferences : volumeDifferences(present, planned, terms);
    if (differences.length > 0 && !isNameOf(base, mountedAs)) {
      return { differs: differing(`volume ${mountedAs}`, 'does not come from the agent’s image as planned') };
    }
    if (usedOtherwise(mountedAs)) {
      return { differs: differing(`volume ${mountedAs}`, 'is mounted in another way than planned too') };
    }
    return found('volume', mountedAs, planned, present, index, mountedAs !== base, differences);
  }
  for (let n = 1; n <= mostSuffixes; n++) {
    const name = suffixedName(base, n);
    const planned = make(name);
    const index = indexOf(view.volumes, name);
    const present = index === -1 ? undefined : view.volumes[index];
    const isOther = present !== undefined && volumeDifferences(present, planned, terms).length > 0;
    if (isOther || usedOtherwise(name)) continue;
    return found('volume', name, planned, present, index, n > 1, noDifferences);
  }
  return { differs: differing(`volume ${base}`, 'and its suffixed names are all taken') };
}

/** Whether a name is this one, with or without a suffix. */
export function isNameOf(base: string, name: string): boolean {
  for (let n = 1; n <= mostSuffixes; n++) if (suffixedName(base, n) === name) return true;
  return false;
}

function indexOf(volumes: readonly JsonObject[], name: string): number {
  for (let index = 0; index < volumes.length; index++) if (volumes[index]?.['name'] === name) return index;
  return -1;
}

/**
 * Finds one of our containers in a pod, or a free name for it. A container is ours if it runs our image with our command,
 * whatever happened to its other fields. In a pod that is instrumented already, it is also ours if it has our name and one
 * of the two.
 *
 * @param make the container as planned, under a name
 * @param instrumented whether the pod shows signs of being instrumented, so that a container of our name which is not as
 *   planned is another version of ours or a look-alike, and not the user's own
 */
export function searchContainer(
  view: PodView,
  part: PlannedMember['part'],
  list: 'containers' | 'initContainers',
  base: string,
  make: (name: string) => JsonObject,
  instrumented: boolean,
): Search {
  const other = list === 'containers' ? view.initContainers : view.containers;
  if (!isNameUsed(view.initContainers, base) && !isNameUsed(view.containers, base)) {
    return found(part, base, make(base), undefined, -1, false, noDifferences);
  }
  let free: string | undefined;
  // Ours may have a suffixed name after a container of the user's own, so look at every name first.
  for (let n = 1; n <= mostSuffixes; n++) {
    const name = suffixedName(base, n);
    const present = view[list].find((container) => container.name === name);
    if (present === undefined) {
      if (free === undefined && !other.some((container) => container.name === name)) free = name;
      continue;
    }
    const planned = make(name);
    if (!runsTheSame(present.value, planned)) continue;
    return found(part, name, planned, present.value, present.index, name !== base, noDifferences);
  }
  if (instrumented) {
    for (let n = 1; n <= mostSuffixes; n++) {
      const name = suffixedName(base, n);
      const present = view[list].find((container) => container.name === name);
      const planned = present === undefined ? undefined : make(name);
      if (present === undefined || planned === undefined || !isVersionOf(present.value, planned)) continue;
      return found(part, name, planned, present.value, present.index, name !== base, noDifferences);
    }
    if (free !== base) {
      const isThere = view[list].some((container) => container.name === base);
      const gap = isThere ? 'image and command' : 'place';
      return { differs: differing(`container ${base}`, `has another ${gap} than planned`) };
    }
  }
  if (free === undefined) return { differs: differing(`container ${base}`, 'and its suffixed names are all taken') };
  return found(part, free, make(free), undefined, -1, free !== base, noDifferences);
}

/** Whether a container has this name, with or without a suffix. */
function isNameUsed(containers: readonly ContainerView[], base: string): boolean {
  for (const { name } of containers) if (name.startsWith(base)) return true;
  return false;
}

function runsTheSame(actual: JsonObject, planned: JsonObject): boolean {
  return (
    actual['image'] === planned['image'] && hasWords(actual, planned, 'command') && hasWords(actual, planned, 'args')
  );
}

/** Whether a container of our name is ours with a field changed: it has our image, our command, or our variables. */
function isVersionOf(actual: JsonObject, planned: JsonObject): boolean {
  if (actual['image'] === planned['image']) return true;
  if (planned['command'] !== undefined) return hasWords(actual, planned, 'command');
  const wanted = listOf(planned['env']);
  const names = new Set(listOf(actual['env']).map((variable) => objectOf(variable)?.['name']));
  return wanted.length > 0 && wanted.every((variable) => names.has(objectOf(variable)?.['name']));
}

function hasWords(actual: JsonObject, planned: JsonObject, field: 'command' | 'args'): boolean {
  return same(actual[field] ?? noWords, planned[field] ?? noWords);
}

const noWords: readonly string[] = [];

function found(
  part: PlannedMember['part'],
  name: string,
  value: JsonObject,
  present: JsonObject | undefined,
  index: number,
  suffixed: boolean,
  differences: readonly Difference[],
): Search {
  const place = present === undefined ? undefined : index;
  return { member: { part, name, value, present, index: place, differences, restored: undefined }, suffixed };
}

function differing(what: string, how: string): Finding {
  return { reason: 'parts_differ', detail: `${what} ${how}` };
}
