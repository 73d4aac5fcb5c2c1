import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { runsWrapper } from '../argv.js';
import type { Surroundings } from './own-containers.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import { searchContainer } from './identify.js';
import { mountedVolume } from './mounts.js';
import { limitsEphemeralStorage, isGuaranteed } from './resources.js';
import type { ContainerView, PodView } from './view.js';

/** How a recipe will be carried out on one pod, and which of the pod's containers are the workload. */
export interface PodContext {
  readonly view: PodView;
  readonly recipe: Recipe;
  readonly wishes: Wishes;
  readonly native: boolean;
  readonly delivery: 'Copy' | 'ImageVolume';
  /** A container of the pod is started by the wrapper's program already. */
  readonly instrumented: boolean;
  /**
   * Names of the volumes that containers started by the wrapper mount where ours are, in the order of
   * {@link OwnParts.volumeNames}; `undefined` for one that none mounts.
   */
  readonly mountedAs: readonly (string | undefined)[];
  /** The pod's containers that are not ours, in the pod's order: init containers first. */
  readonly workload: readonly ContainerView[];
  readonly around: Surroundings;
  readonly parts: OwnParts;
}

/**
 * Works out how a recipe fits a pod before anything is known of its images.
 *
 * @returns the context, or what about the policy and the cluster rules it out
 */
export function openPodContext(
  view: PodView,
  recipe: Recipe,
  wishes: Wishes,
  facts: ClusterFacts,
  parts: OwnParts,
): PodContext | Finding {
  const delivery = chooseDelivery(recipe, wishes, facts);
  if (typeof delivery !== 'string') return delivery;
  if (wishes.placement === 'Native' && !facts.nativeSidecars) {
    return { reason: 'placement_unsupported', detail: 'the policy asks for placement: Native' };
  }
  const native = wishes.placement !== 'Container' && facts.nativeSidecars;
  const all = view.initContainers.length === 0 ? view.containers : [...view.initContainers, ...view.containers];
  const wrapped = recipe.wrapper === undefined ? nobody : startedBy(recipe.wrapper, all);
  const instrumented = wrapped.length > 0;
  const ownNames = parts.volumeNames(delivery);
  const mountedAs = instrumented ? mountedBy(wrapped, parts.filesMounts(ownNames, delivery), ownNames) : nothing;
  const volumeNames = instrumented ? ownNames.map((name, index) => mountedAs[index] ?? name) : ownNames;
  const search = { view, recipe, parts, native, delivery, instrumented, volumeNames };
  // Ours are known by what they are whatever the pod bounds, so they are looked for as if it bounded nothing.
  const workload = hasNameOfOurs(view, parts)
    ? withoutOurs(all, search, surroundings(search, facts, false, false))
    : all;
  return {
    view,
    recipe,
    wishes,
    native,
    delivery,
    instrumented,
    mountedAs,
    workload,
    around: surroundings(search, facts, isGuaranteed(view.spec, workload), limitsEphemeralStorage(workload)),
    parts,
  };
}

const nobody: readonly ContainerView[] = [];
const nothing: PodContext['mountedAs'] = [];

function surroundings(
  { native, delivery, view }: Pick<PodContext, 'native' | 'delivery' | 'view'>,
  facts: ClusterFacts,
  guaranteed: boolean,
  limitsEphemeralStorage: boolean,
): Surroundings {
  return { facts, native, delivery, guaranteed, limitsEphemeralStorage, firstWrapped: undefined, view };
}

function startedBy(wrapper: readonly string[], containers: readonly ContainerView[]): readonly ContainerView[] {
  let started: ContainerView[] | undefined;
  for (const container of containers) if (runsWrapper(container.command, wrapper)) (started ??= []).push(container);
  return started ?? nobody;
}

/** What each of our volumes is called where containers mount something in its place. */
function mountedBy(
  containers: readonly ContainerView[],
  mounts: ReturnType<OwnParts['filesMounts']>,
  ownNames: readonly string[],
): PodContext['mountedAs'] {
  return ownNames.map((ownName) => {
    const mount = mounts.find(({ name }) => name === ownName);
    for (const container of containers) {
      const name = mount && mountedVolume(container, mount.mountPath);
      if (name !== undefined) return name;
    }
    return undefined;
  });
}

function chooseDelivery(recipe: Recipe, wishes: Wishes, facts: ClusterFacts): 'Copy' | 'ImageVolume' | Finding {
  const volume = recipe.volume;
  if (volume === undefined) return 'Copy';
  const delivery = wishes.delivery === 'Auto' ? (volume.copy === undefined ? 'ImageVolume' : 'Copy') : wishes.delivery;
  const possible = delivery === 'Copy' ? volume.copy : volume.imageVolume;
  if (possible === undefined) {
    return { reason: 'delivery_unsupported', detail: `profile ${recipe.profile} has no delivery ${delivery}` };
  }
  if (delivery === 'ImageVolume' && !facts.imageVolumes) {
    return { reason: 'image_volume_unsupported', detail: 'the cluster’s nodes are not known to mount image volumes' };
  }
  return delivery;
}

/** Whether a container has a name that one of ours can have: without one, none of them is ours. */
function hasNameOfOurs(view: PodView, parts: OwnParts): boolean {
  const [tools, files, agent] = [parts.nameOf('tools'), parts.nameOf('files'), parts.nameOf('agent')];
  const isOurs = (containers: readonly ContainerView[]): boolean => {
    for (const { name } of containers) {
      if (startsWith(name, tools) || startsWith(name, files) || startsWith(name, agent)) return true;
    }
    return false;
  };
  return isOurs(view.initContainers) || isOurs(view.containers);
}

function startsWith(name: string, base: string | undefined): boolean {
  return base !== undefined && name.startsWith(base);
}

interface OwnSearch extends Pick<PodContext, 'view' | 'recipe' | 'parts' | 'native' | 'delivery' | 'instrumented'> {
  readonly volumeNames: readonly string[];
}

/** The containers of a pod but those that are ours: by what they are, not by their names alone. */
function withoutOurs(
  all: readonly ContainerView[],
  { view, parts, native, delivery, instrumented, volumeNames }: OwnSearch,
  around: Surroundings,
): readonly ContainerView[] {
  const own = new Set<ContainerView>();
  const look = (part: OwnPart, list: 'containers' | 'initContainers'): void => {
    const base = parts.nameOf(part);
    if (base === undefined || !view[list].some(({ name }) => name.startsWith(base))) return;
    const make = (name: string): JsonObject | undefined => parts.make(part, name, volumeNames, around);
    if (make(base) === undefined) return;
    const search = searchContainer(view, part, list, base, (name) => make(name) ?? {}, instrumented);
    if ('differs' in search) {
      // Another version of ours, or a look-alike: in either case not the workload's.
      const alike = view[list].find(({ name }) => name === base);
      if (alike !== undefined && instrumented) own.add(alike);
      return;
    }
    const index = search.member.index;
    const present = index === undefined ? undefined : view[list][index];
    if (present !== undefined) own.add(present);
  };
  if (delivery === 'Copy') {
    look('tools', 'initContainers');
    look('files', 'initContainers');
  }
  look('agent', native ? 'initContainers' : 'containers');
  return own.size === 0 ? all : all.filter((container) => !own.has(container));
}
