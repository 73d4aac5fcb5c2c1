import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { ClusterFacts, PodNodes, Recipe } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { runsWrapper } from '../argv.js';
import { closedMounts } from './api-token.js';
import { chooseDelivery, type DeliveryChoice } from './delivery.js';
import type { Surroundings } from './own-containers.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import { searchContainer } from './identify.js';
import { mountedVolume } from './mounts.js';
import { limitsEphemeralStorage, isGuaranteed } from './resources.js';
import { ownFolder } from './scripts.js';
import type { ContainerView, PodView } from './view.js';

/** How to apply a recipe to one pod, and which of the pod's containers are the workload. */
export interface PodContext {
  readonly view: PodView;
  readonly recipe: Recipe;
  readonly wishes: Wishes;
  readonly native: boolean;
  readonly delivery: DeliveryChoice['delivery'];
  /** Why this delivery was chosen. */
  readonly deliveredSo: DeliveryChoice['because'];
  /** Whether the wrapper's program already starts a container of the pod. */
  readonly instrumented: boolean;
  /**
   * Names of the volumes that containers started by the wrapper, and our agent, mount at the paths of ours, in the order of
   * {@link OwnParts.volumeNames}; `undefined` where none is mounted.
   */
  readonly mountedAs: readonly (string | undefined)[];
  /** The pod's containers that are not ours, in the pod's order: init containers first. */
  readonly workload: readonly ContainerView[];
  readonly around: Surroundings;
  readonly parts: OwnParts;
}

/**
 * Determines how a recipe fits a pod, before anything is known about its images.
 *
 * @param nodes what decides the delivery if the policy leaves it open; absent if the facts decide
 * @returns the context, or what in the policy and the cluster rules it out
 */
export function openPodContext(
  view: PodView,
  recipe: Recipe,
  wishes: Wishes,
  facts: ClusterFacts,
  parts: OwnParts,
  nodes?: PodNodes,
): PodContext | Finding {
  if (wishes.placement === 'Native' && !facts.nativeSidecars) {
    return { reason: 'placement_unsupported', detail: 'the policy asks for placement: Native' };
  }
  const native = wishes.placement !== 'Container' && facts.nativeSidecars;
  const all = view.initContainers.length === 0 ? view.containers : [...view.initContainers, ...view.containers];
  const wrapped = recipe.wrapper === undefined ? nobody : startedBy(recipe.wrapper, all);
  const choice = chooseDelivery(view, recipe, wishes, { imageVolumes: facts.imageVolumes, nodes }, wrapped);
  if ('reason' in choice) return choice;
  const { delivery } = choice;
  const instrumented = wrapped.length > 0;
  const ownNames = parts.volumeNames(delivery);
  const mountedAs = instrumented
    ? mountedBy(wrapped, all, parts.filesMounts(ownNames, delivery), ownNames, parts.nameOf('agent'))
    : nothing;
  const volumeNames = instrumented ? ownNames.map((name, index) => mountedAs[index] ?? name) : ownNames;
  const search = { view, recipe, parts, native, delivery, instrumented, volumeNames };
  // Our parts are recognised by what they are, whatever limits the pod has, so this searches as if it had none.
  const workload = hasNameOfOurs(view, parts)
    ? withoutOurs(all, search, surroundings(search, facts, false, false))
    : all;
  return {
    view,
    recipe,
    wishes,
    native,
    delivery,
    deliveredSo: choice.because,
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
  const firstWrapped = undefined;
  return { facts, native, delivery, guaranteed, limitsEphemeralStorage, firstWrapped, token: closedMounts, view };
}

function startedBy(wrapper: readonly string[], containers: readonly ContainerView[]): readonly ContainerView[] {
  let started: ContainerView[] | undefined;
  for (const container of containers) if (runsWrapper(container.command, wrapper)) (started ??= []).push(container);
  return started ?? nobody;
}

/**
 * The names of the volumes that containers mount in place of ours: the workload's containers, and for the keeper's tools the
 * agent.
 */
function mountedBy(
  wrapped: readonly ContainerView[],
  all: readonly ContainerView[],
  mounts: ReturnType<OwnParts['filesMounts']>,
  ownNames: readonly string[],
  agent: string | undefined,
): PodContext['mountedAs'] {
  return ownNames.map((ownName) => {
    const mount = mounts.find(({ name }) => name === ownName);
    const containers = mount === undefined ? all.filter(({ name }) => startsWith(name, agent)) : wrapped;
    for (const container of containers) {
      const name = mountedVolume(container, mount?.mountPath ?? ownFolder);
      if (name !== undefined) return name;
    }
    return undefined;
  });
}

/** Whether a container has a name that one of ours can have. If none has, none of them is ours. */
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

/** The containers of a pod without ours, which are recognised by what they are, not only by their names. */
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
      // Another version of ours, or a look-alike. In both cases it is not the workload's.
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
