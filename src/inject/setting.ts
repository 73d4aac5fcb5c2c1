import type { Finding } from '../model/decision.js';
import type { JsonObject } from '../model/json.js';
import type { ClusterFacts, Placement, Recipe } from '../model/recipe.js';
import { runsWrapper } from './argv.js';
import { rewriteImage, type Surroundings } from './own-containers.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import { mountedVolume, searchContainer } from './identify.js';
import { limitsEphemeralStorage, isGuaranteed } from './quality-of-service.js';
import type { ContainerView, PodView } from './view.js';

/** How a recipe will be carried out on one pod, and which of the pod's containers are the workload. */
export interface Setting {
  readonly view: PodView;
  readonly recipe: Recipe;
  readonly placement: Placement;
  readonly native: boolean;
  readonly delivery: 'Copy' | 'ImageVolume';
  /** The volume's source without its name; `undefined` for a recipe without a volume. */
  readonly source: JsonObject | undefined;
  /** A container of the pod is started by the wrapper's program already. */
  readonly instrumented: boolean;
  /** Name of the volume that a container started by the wrapper mounts at the recipe's path. */
  readonly mountedAs: string | undefined;
  /** The pod's containers that are not ours, in the pod's order: init containers first. */
  readonly workload: readonly ContainerView[];
  readonly around: Surroundings;
  readonly parts: OwnParts;
}

/**
 * Works out how a recipe fits a pod before anything is known of its images.
 *
 * @returns the setting, or what about the policy and the cluster rules it out
 */
export function openSetting(
  view: PodView,
  recipe: Recipe,
  placement: Placement,
  facts: ClusterFacts,
  parts: OwnParts,
): Setting | Finding {
  const delivery = chooseDelivery(recipe, placement, facts);
  if (typeof delivery !== 'string') return delivery;
  if (placement.placement === 'Native' && !facts.nativeSidecars) {
    return { reason: 'placement_unsupported', detail: 'the policy asks for placement: Native' };
  }
  const native = placement.placement !== 'Container' && facts.nativeSidecars;
  const all = [...view.initContainers, ...view.containers];
  const wrapper = recipe.wrapper;
  const wrapped = wrapper === undefined ? [] : all.filter(({ command }) => runsWrapper(command, wrapper));
  const mountedAs = firstDefined(wrapped, (container) =>
    recipe.volume === undefined ? undefined : mountedVolume(container, recipe.volume.mountPath),
  );
  const draft: Surroundings = {
    facts,
    native,
    delivery,
    guaranteed: false,
    limitsEphemeralStorage: false,
    firstWrapped: undefined,
    view,
  };
  const setting = {
    view,
    recipe,
    placement,
    native,
    delivery,
    source: volumeSource(recipe, delivery, facts),
    instrumented: wrapped.length > 0,
    mountedAs,
    around: draft,
    parts,
  };
  const ours = ownContainers(setting);
  const workload = ours.size === 0 ? all : all.filter((container) => !ours.has(container));
  return {
    ...setting,
    workload,
    around: {
      ...draft,
      guaranteed: isGuaranteed(view.spec, workload),
      limitsEphemeralStorage: limitsEphemeralStorage(workload),
    },
  };
}

function chooseDelivery(recipe: Recipe, wish: Placement, facts: ClusterFacts): 'Copy' | 'ImageVolume' | Finding {
  const volume = recipe.volume;
  if (volume === undefined) return 'Copy';
  const delivery = wish.delivery === 'Auto' ? (volume.copy === undefined ? 'ImageVolume' : 'Copy') : wish.delivery;
  const possible = delivery === 'Copy' ? volume.copy : volume.imageVolume;
  if (possible === undefined) {
    return { reason: 'delivery_unsupported', detail: `profile ${recipe.profile} has no delivery ${delivery}` };
  }
  if (delivery === 'ImageVolume' && !facts.imageVolumes) {
    return { reason: 'image_volume_unsupported', detail: 'the cluster’s nodes are not known to mount image volumes' };
  }
  return delivery;
}

function volumeSource(recipe: Recipe, delivery: 'Copy' | 'ImageVolume', facts: ClusterFacts): JsonObject | undefined {
  const volume = recipe.volume;
  if (volume === undefined) return undefined;
  if (delivery === 'Copy') return { emptyDir: { sizeLimit: volume.sizeLimit } };
  const image = volume.imageVolume?.image ?? '';
  return { image: { reference: rewriteImage(image, facts.imageRewrites) } };
}

/** The containers of a pod that are ours: by what they are, not by their names alone. */
function ownContainers(setting: Omit<Setting, 'workload'>): ReadonlySet<ContainerView> {
  const { view, recipe, native, parts, around, instrumented } = setting;
  const own = new Set<ContainerView>();
  const volumeName = setting.mountedAs ?? recipe.volume?.name;
  const look = (part: OwnPart, list: 'containers' | 'initContainers'): void => {
    const base = parts.nameOf(part);
    if (base === undefined || !view[list].some(({ name }) => name.startsWith(base))) return;
    const make = (name: string): JsonObject | undefined => parts.make(part, name, volumeName, around);
    if (make(base) === undefined) return;
    const search = searchContainer(
      view,
      part,
      list,
      base,
      (name) => make(name) ?? {},
      instrumented,
      recipe.reservedEnv,
    );
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
  if (setting.delivery === 'Copy') {
    look('tools', 'initContainers');
    look('files', 'initContainers');
  }
  look('agent', native ? 'initContainers' : 'containers');
  return own;
}

function firstDefined<T, U>(items: readonly T[], of: (item: T) => U | undefined): U | undefined {
  for (const item of items) {
    const value = of(item);
    if (value !== undefined) return value;
  }
  return undefined;
}
