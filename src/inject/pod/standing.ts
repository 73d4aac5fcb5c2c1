import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { ClusterFacts, Recipe, RecipeVolume } from '../../model/recipe.js';
import { runsWrapper } from '../argv.js';
import { repositoryOf } from '../other-tracer.js';
import { rewriteImage } from '../rewrite-image.js';
import { findTracerFiles } from './debug/tracer-files.js';
import { isNameOf } from './identify.js';
import { mountedVolume, mountsState } from './mounts.js';
import type { OwnParts } from './own-parts.js';
import { standingParts, type Outfit, type StandingPart } from './own-standing.js';
import type { PlannedMount } from './plan.js';
import { ownFolder, toolsFolder, volumeRoot } from './scripts.js';
import type { ContainerView, PodView } from './view.js';

/**
 * The role of a container in a running pod, for someone who starts something in it.
 *
 * `agent`: the agent's container, as planned. `ours`: another part of the instrumentation, or something in its place.
 * `wrapped`: the tracer's program starts it, from a volume that only our own parts write to. `bare`: none of these.
 */
export type Standing =
  | { readonly is: 'agent' | 'ours' }
  /** `movedTo`: the folder with the agent's files, if it differs from the recipe's. */
  | { readonly is: 'wrapped'; readonly movedTo?: string }
  | { readonly is: 'bare'; readonly detail: string };

/**
 * Determines a container's role by its argv, its mounts and the pod's volumes, and never by a label or an annotation, which
 * can be written on a running pod. Parts that only a new version of ours changes, and that cannot be changed in a running
 * pod, such as the agent's image or the layout of its volumes, may be from an earlier version.
 *
 * @param besides ephemeral containers of the pod: they can mount its volumes, too
 */
export function standingOf(
  container: ContainerView,
  view: PodView,
  beside: readonly ContainerView[],
  outfit: Outfit,
  facts: ClusterFacts,
): Standing {
  const { recipe } = outfit;
  const { wrapper } = recipe;
  const own = standingParts(view, outfit, facts);
  const writers = writersIn(view, beside, own);
  if (own.some((part) => part.container === container)) {
    return { is: isAgent(container, view, writers, outfit, facts) ? 'agent' : 'ours' };
  }
  if (wrapper === undefined) return { is: 'bare', detail: `profile ${recipe.profile} has no tracer in the pod` };
  const troubleOf = troublesBy(view, writers, outfit, facts);
  if (runsWrapper(container.command, wrapper)) {
    const trouble = troubleOf(container);
    return trouble === undefined ? { is: 'wrapped' } : { is: 'bare', detail: trouble };
  }
  const movedTo = beside.includes(container) ? folderMovedTo(container, view, recipe, troubleOf) : undefined;
  return movedTo === undefined
    ? { is: 'bare', detail: 'it does not start with the tracer' }
    : { is: 'wrapped', movedTo };
}

/**
 * For containers of a running pod that the tracer starts: says why that tracer may not be the agent's own. What only depends
 * on the pod is computed once, because an author can make a pod with very many containers.
 *
 * @param besides as for {@link standingOf}
 */
export function tracerTroubles(
  view: PodView,
  beside: readonly ContainerView[],
  outfit: Outfit,
  facts: ClusterFacts,
): (container: ContainerView) => string | undefined {
  return troublesBy(view, writersIn(view, beside, standingParts(view, outfit, facts)), outfit, facts);
}

function troublesBy(
  view: PodView,
  writers: Writers,
  { recipe, parts }: Outfit,
  facts: ClusterFacts,
): (container: ContainerView) => string | undefined {
  const { volume } = recipe;
  if (volume === undefined) return () => undefined;
  const withVolume = { ...recipe, volume };
  return (container) => filesTrouble(container, view, writers, withVolume, parts, facts);
}

/** By volume, the first container that may write to it but must not. */
type Writers = ReadonlyMap<string, string>;

function writersIn(view: PodView, beside: readonly ContainerView[], own: readonly StandingPart[]): Writers {
  const bringing = new Set(own.filter(({ brings }) => brings).map(({ container }) => container));
  const writers = new Map<string, string>();
  for (const container of [...view.initContainers, ...view.containers, ...beside]) {
    if (bringing.has(container)) continue;
    for (const item of listOf(container.value['volumeMounts'])) {
      const mount = objectOf(item);
      const name = stringOf(mount?.['name']);
      if (name !== undefined && mount?.['readOnly'] !== true && !writers.has(name)) writers.set(name, container.name);
    }
  }
  return writers;
}

/** Where a debug container that a moved tracer starts has the agent's files, as it was planned to; `undefined` for any other. */
function folderMovedTo(
  container: ContainerView,
  view: PodView,
  recipe: Recipe,
  troubleOf: (container: ContainerView) => string | undefined,
): string | undefined {
  const files = findTracerFiles(view, recipe, troubleOf)?.files;
  if (files === undefined || 'reason' in files || !runsWrapper(container.command, files.wrapper)) return undefined;
  return hasMounts(container, files.mounts) ? files.movedTo : undefined;
}

/** Whether a container has mounts as planned, with nothing over them. */
function hasMounts(container: ContainerView, wanted: readonly PlannedMount[]): boolean {
  const state = mountsState(container, wanted);
  return 'length' in state && state.length === 0;
}

/**
 * Whether a container of ours is the agent, with our tools in a volume that nothing else writes to and nothing is
 * mounted over. Another tag of the same image may be an earlier version's.
 */
function isAgent(
  container: ContainerView,
  view: PodView,
  writers: Writers,
  { parts, recipe: { sidecar } }: Outfit,
  facts: ClusterFacts,
): boolean {
  const base = parts.nameOf('agent');
  if (sidecar === undefined || base === undefined || !isNameOf(base, container.name)) return false;
  if (repositoryOf(container.image) !== repositoryOf(rewriteImage(sidecar.image, facts.imageRewrites))) return false;
  const copied = mountedVolume(container, volumeRoot);
  if (copied !== undefined) {
    const isMounted = hasMounts(container, [{ name: copied, mountPath: volumeRoot, readOnly: true }]);
    return isMounted && deliveryBy(view, copied) === 'Copy' && !writers.has(copied);
  }
  // From Outrider's own image, which cannot be written to.
  const name = mountedVolume(container, ownFolder);
  if (name === undefined || !isOfImage(view, name, facts.toolsImage, facts)) return false;
  return hasMounts(container, [{ name, mountPath: ownFolder, readOnly: true, subPath: toolsFolder.slice(1) }]);
}

/** Why the wrapper that a container starts with may not be the agent's own; `undefined` if it is. */
function filesTrouble(
  container: ContainerView,
  view: PodView,
  writers: Writers,
  recipe: Recipe & { readonly volume: RecipeVolume },
  parts: OwnParts,
  facts: ClusterFacts,
): string | undefined {
  const { mountPath } = recipe.volume;
  const files = mountedVolume(container, mountPath);
  const delivery = files === undefined ? undefined : deliveryBy(view, files);
  if (delivery === undefined) return `its tracer does not come from a volume at ${mountPath} as planned`;
  const wanted = parts.filesMounts(parts.volumeNames(delivery), delivery);
  const places = wanted.map((mount) => ({ ...mount, name: mountedVolume(container, mount.mountPath) ?? mount.name }));
  const state = mountsState(container, places);
  if ('inTheWay' in state) return state.inTheWay;
  const names = new Set<string>();
  for (const item of listOf(container.value['volumeMounts'])) {
    const mount = objectOf(item);
    const place = places.find((one) => one.mountPath === mount?.['mountPath']);
    if (mount === undefined || place === undefined) continue;
    if (mount['readOnly'] !== true) return `it may write to ${place.mountPath}`;
    names.add(place.name);
  }
  for (const name of names) {
    const trouble = sourceTrouble(view, name, delivery, recipe, facts) ?? writerText(name, writers);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

/** How the agent's files get into a volume, by its source alone. */
function deliveryBy({ volumes }: PodView, name: string): 'Copy' | 'ImageVolume' | undefined {
  const volume = volumes.find((one) => one['name'] === name);
  if (objectOf(volume?.['emptyDir']) !== undefined) return 'Copy';
  return objectOf(volume?.['image']) === undefined ? undefined : 'ImageVolume';
}

/** Whether a volume comes from an image, with any tag. */
function isOfImage(view: PodView, name: string, image: string, { imageRewrites }: ClusterFacts): boolean {
  const found = objectOf(view.volumes.find((one) => one['name'] === name)?.['image']);
  return repositoryOf(stringOf(found?.['reference']) ?? '') === repositoryOf(rewriteImage(image, imageRewrites));
}

/** Why a volume cannot hold the agent's files. For an image, another tag may be from an earlier version. */
function sourceTrouble(
  view: PodView,
  name: string,
  delivery: 'Copy' | 'ImageVolume',
  { volume, profile }: Recipe,
  facts: ClusterFacts,
): string | undefined {
  if (deliveryBy(view, name) !== delivery) return `its tracer comes from volume ${name}, which is none of ours`;
  if (delivery === 'Copy') return undefined;
  const isPlanned = isOfImage(view, name, volume?.imageVolume?.image ?? '', facts);
  return isPlanned ? undefined : `volume ${name} is of another image than profile ${profile} has`;
}

/** The containers that may have overwritten the agent's files. */
function writerText(name: string, writers: Writers): string | undefined {
  const writer = writers.get(name);
  return writer === undefined ? undefined : `container ${writer} may write to volume ${name}`;
}
