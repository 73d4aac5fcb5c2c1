/**
 * The agent's files that a debug container can get: the folders that a traced container of the same pod has, at the same
 * paths. This looks at the pod as it is instead of planning it, because the pod no longer changes. It may have an earlier
 * plan, or another delivery than a new pod would get.
 */
import type { Finding } from '../../../model/decision.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../model/json.js';
import type { Recipe, RecipeVolume } from '../../../model/recipe.js';
import type { Wishes } from '../../../model/wishes.js';
import { runsWrapper } from '../../argv.js';
import { isSamePlace, mountPoint, withoutSlash } from '../../path.js';
import type { PlannedMount } from '../plan.js';
import { volumeRoot } from '../scripts.js';
import type { ContainerView, PodView } from '../view.js';

/** How to start a pod's debug container under the tracer. */
export interface TracerFiles {
  /** Its mounts of the agent's files, the widest first. */
  readonly mounts: readonly PlannedMount[];
  /** What comes before its argv. */
  readonly wrapper: readonly string[];
  /** The folder of the files, if it differs from the recipe's. */
  readonly movedTo?: string;
}

/** What was found about a pod's instrumentation. */
export interface FoundFiles {
  /** Names, in this pod, of the volumes with the agent's files. */
  readonly volumes: ReadonlySet<string>;
  /** A finding if its debug containers cannot be traced. */
  readonly files: TracerFiles | Finding;
}

/**
 * Finds the agent's files in a pod.
 *
 * @param troubleOf says why a container's files may differ from the agent's; not called if the user is trusted
 * @returns `undefined` for a pod that was not instrumented with this recipe
 */
export function findTracerFiles(
  view: PodView,
  recipe: Recipe,
  troubleOf: (container: ContainerView) => string | undefined = () => undefined,
): FoundFiles | undefined {
  const { wrapper, volume } = recipe;
  if (wrapper === undefined) return undefined;
  const traced = [...view.initContainers, ...view.containers].filter(({ command }) => runsWrapper(command, wrapper));
  if (traced.length === 0) return undefined;
  if (volume === undefined) return { volumes: new Set(), files: ofNoVolume(recipe) };
  const places = [volume.mountPath, ...volume.programs.map(({ folder }) => `${mountPoint(volume.mountPath)}${folder}`)];
  const all = traced.map((container) => ({ container, mounts: mountsAt(container, places, view.volumes) }));
  const having = all.filter(({ mounts: [widest] }) => isSamePlace(widest?.mountPath ?? '', volume.mountPath));
  if (having.length === 0) return undefined;
  const volumes = new Set(all.flatMap(({ mounts }) => mounts.map(({ name }) => name)));
  let trouble: string | undefined;
  for (const { container, mounts } of having) {
    const found = troubleOf(container);
    if (found === undefined) return { volumes, files: filesFrom(mounts, wrapper, volume, recipe) };
    trouble ??= `container ${container.name}: ${found}`;
  }
  return { volumes, files: { reason: 'debug_untraceable', detail: trouble ?? '' } };
}

/** A container's mounts at places of the recipe, in the recipe's order, of volumes that can bring the agent's files. */
function mountsAt(
  { value }: ContainerView,
  places: readonly string[],
  volumes: readonly JsonObject[],
): readonly PlannedMount[] {
  const mounts = listOf(value['volumeMounts']).filter(isObject);
  return places.flatMap((place) => {
    const mount = mounts.find(({ mountPath }) => typeof mountPath === 'string' && isSamePlace(mountPath, place));
    const name = stringOf(mount?.['name']);
    if (mount === undefined || name === undefined || !bringsFiles(volumes, name)) return [];
    const subPath = stringOf(mount['subPath']) ?? '';
    return [{ name, mountPath: place, ...(subPath === '' ? {} : { subPath }), readOnly: true }];
  });
}

function bringsFiles(volumes: readonly JsonObject[], name: string): boolean {
  const volume = volumes.find((one) => one['name'] === name);
  return objectOf(volume?.['emptyDir']) !== undefined || objectOf(volume?.['image']) !== undefined;
}

/** An ephemeral container cannot have a `subPath` (Kubernetes validation), so the whole volume is mounted elsewhere. */
function filesFrom(
  mounts: readonly PlannedMount[],
  wrapper: readonly string[],
  volume: RecipeVolume,
  recipe: Recipe,
): TracerFiles | Finding {
  if (mounts.every((mount) => mount['subPath'] === undefined)) return { mounts, wrapper };
  const [widest] = mounts;
  const folder = stringOf(widest?.['subPath']);
  if (widest === undefined || folder === undefined || recipe.session?.relocatable !== true) return ofSubPath(recipe);
  const movedTo = withoutSlash(`${volumeRoot}/${folder}`.replace(/\/*$/, '/'));
  return {
    mounts: [{ name: widest.name, mountPath: volumeRoot, readOnly: true }],
    wrapper: movedWrapper(wrapper, volume.mountPath, movedTo),
    movedTo,
  };
}

/** A wrapper's argv in which words that name the files' folder, or something below it, name another folder. */
export function movedWrapper(wrapper: readonly string[], from: string, to: string): readonly string[] {
  const folder = mountPoint(from);
  return wrapper.map((word) => {
    if (word === withoutSlash(folder)) return to;
    return word.startsWith(folder) ? `${to}/${word.slice(folder.length)}` : word;
  });
}

/**
 * Whether debug containers of the pods that a policy makes can be traced.
 *
 * @returns why not; `undefined` if they can, or if nothing is traced
 */
export function debugTrouble(recipe: Recipe, { delivery }: Pick<Wishes, 'delivery'>): Finding | undefined {
  const { wrapper, volume } = recipe;
  if (wrapper === undefined) return undefined;
  if (volume === undefined) return ofNoVolume(recipe);
  const isCopied = delivery === 'Auto' ? volume.copy !== undefined : delivery === 'Copy';
  if (isCopied || recipe.session?.relocatable === true) return undefined;
  const isWhole = (volume.imageVolume?.subPath ?? '').replace(/\/+$/, '') === '' && volume.programs.length === 0;
  return isWhole ? undefined : ofSubPath(recipe);
}

function ofNoVolume({ profile }: Recipe): Finding {
  const detail = `profile ${profile} has no volume with the tracer, which only the images of the pod hold`;
  return { reason: 'debug_untraceable', detail };
}

function ofSubPath({ profile }: Recipe): Finding {
  const detail = `profile ${profile} has a subPath of a volume mounted, which a debug container cannot have, and does not say that its tracer runs from another folder (session.relocatable)`;
  return { reason: 'debug_untraceable', detail };
}
