import { apiTokenPath, apiTokenVolumePrefix, isApiTokenVolume } from '../../model/api-token.js';
import { deepFrozen, listOf, type JsonObject } from '../../model/json.js';
import type { Recipe } from '../../model/recipe.js';
import type { Terms } from './differences/difference.js';
import { searchVolume, type Search } from './identify.js';
import type { PlannedMember, PlannedMount } from './plan.js';
import type { PodView } from './view.js';

/**
 * What our containers mount where the API server would mount the token of the pod's ServiceAccount. If we mount something at
 * that path, it adds no token. So no container of ours holds the workload's token, and nothing changes after our patch,
 * which would make the API server call us again.
 *
 * The mounted volume has no sources, so it is always empty, and its kind is read-only. In contrast to an emptyDir, nothing
 * can be written to it, it uses no disk on the node, and it does not keep a pod from being evicted.
 */
export interface TokenMounts {
  /** For the empty volume. */
  readonly closed: PlannedMount;
  /** The agent's mount: the empty volume, the token for an agent that uses the API server, or none if there is no token. */
  readonly agent: PlannedMount | undefined;
}

/** Name of the empty volume. */
const volumeName = 'outrider-no-api-token';

/** `defaultMode` as the API server fills it in. It does not matter, because there is no file. */
function emptyVolume(name: string): JsonObject {
  return { name, downwardAPI: { defaultMode: 420 } };
}

const ownVolume = deepFrozen(emptyVolume(volumeName));
/** The mount of the empty volume under its own name. It is one object, so that it is recognised by identity. */
export const closedMount: PlannedMount = deepFrozen(mountOf(volumeName));
/** The mounts for nearly every pod. */
export const closedMounts: TokenMounts = { closed: closedMount, agent: closedMount };
const openMounts: TokenMounts = { closed: closedMount, agent: undefined };

function mountOf(name: string): PlannedMount {
  return { name, mountPath: apiTokenPath, readOnly: true };
}

/** The pod, and how the recipe is applied to it. */
interface OnPod {
  readonly view: PodView;
  readonly recipe: Recipe;
  readonly delivery: 'Copy' | 'ImageVolume';
}

/** The mounts of one pod, and the empty volume if something mounts it. */
export interface PlannedToken {
  readonly mounts: TokenMounts;
  readonly volumes: readonly PlannedMember[];
}

const noVolumes: readonly PlannedMember[] = [];
const untouched: PlannedToken = { mounts: closedMounts, volumes: noVolumes };
const never = (): boolean => false;

/**
 * Plans what our containers mount at the token's path.
 *
 * @param keep receives what a search found
 * @param terms of volumes
 */
export function planApiToken(
  { view, recipe, delivery }: OnPod,
  keep: (search: Search) => PlannedMember | undefined,
  terms: Terms,
): PlannedToken {
  const { sidecar, volume } = recipe;
  const ofAgent = sidecar?.apiAccess === true ? tokenOf(view, terms.facts.openShift) : 'closed';
  const hasSteps = delivery === 'Copy' && volume?.copy !== undefined;
  if (!hasSteps && (sidecar === undefined || ofAgent !== 'closed')) return { ...untouched, mounts: opened(ofAgent) };
  const make = (name: string): JsonObject => (name === volumeName ? ownVolume : emptyVolume(name));
  const member = keep(searchVolume(view, volumeName, make, undefined, never, terms));
  if (member === undefined) return untouched;
  const volumes = [member];
  if (member.name === volumeName) return { mounts: opened(ofAgent), volumes };
  const closed = mountOf(member.name);
  return { mounts: { closed, agent: ofAgent === 'closed' ? closed : ofAgent }, volumes };
}

function opened(ofAgent: PlannedMount | 'closed' | undefined): TokenMounts {
  if (ofAgent === 'closed') return closedMounts;
  return ofAgent === undefined ? openMounts : { closed: closedMount, agent: ofAgent };
}

/**
 * The mount that the admission plug-in gives a container in this pod: that of the first volume with one of its names. A
 * volume with other sources than the plug-in's is someone else's, and then no token is mounted. Without such a volume there
 * may be no token in this pod; if there will be one, the plug-in adds it after us.
 */
function tokenOf({ spec, volumes }: PodView, openShift: boolean): PlannedMount | 'closed' | undefined {
  if (spec['automountServiceAccountToken'] === false) return undefined;
  for (const volume of volumes) {
    const { name } = volume;
    if (typeof name !== 'string' || !name.startsWith(apiTokenVolumePrefix)) continue;
    return isApiTokenVolume(volume, openShift) ? mountOf(name) : 'closed';
  }
  return undefined;
}

/** A container with one more mount. */
export function withMount(container: JsonObject, mount: PlannedMount): JsonObject {
  return { ...container, volumeMounts: [...listOf(container['volumeMounts']), mount] };
}
