import { listOf, objectOf } from '../../model/json.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import type { Resources } from '../../model/policy.js';
import type { ClusterFacts, Delivery, Recipe, RecipeSidecar, RecipeVolume } from '../../model/recipe.js';
import { parseQuantity } from '../../model/quantity.js';
import { mountPoint, withoutSlash } from '../path.js';
import { rewriteImage } from '../rewrite-image.js';
import type { TokenMounts } from './api-token.js';
import { literal } from './argv.js';
import {
  commandArgv,
  copyArgv,
  keeperArgv,
  ownFolder,
  toolsArgv,
  toolsFolder,
  volumeRoot,
  type FillStep,
} from './scripts.js';
import type { ContainerView, PodView } from './view.js';

/** The requests of a step that copies files. They never exceed the sidecar's, so no effective request rises (E27). */
const stepRequests: Readonly<Record<string, string>> = { cpu: '10m', memory: '32Mi' };
/**
 * Enough for a step to copy with. Its planned limits follow the pod's quality of service, which a container that another
 * webhook adds may change.
 */
const leastLimits: Readonly<Record<string, string>> = { cpu: '10m', memory: '64Mi' };
const defaultStepLimits: Readonly<Record<string, string>> = { cpu: '500m', memory: '128Mi' };

/** The pod's properties that our containers must fit. */
export interface Surroundings {
  readonly facts: ClusterFacts;
  readonly native: boolean;
  readonly delivery: Delivery;
  /** Every container of the pod has limits equal to its requests: ours must have too (E27). */
  readonly guaranteed: boolean;
  /** A container of the pod limits ephemeral storage, which our emptyDir would eat into. */
  readonly limitsEphemeralStorage: boolean;
  /** The first wrapped container. An agent that looks into the workload takes on its user. */
  readonly firstWrapped: ContainerView | undefined;
  /** What they mount where the API server would mount the ServiceAccount's token. */
  readonly token: TokenMounts;
  readonly view: PodView;
}

/** The init container that brings busybox; `undefined` when nothing of the recipe needs it. */
export function toolsContainer(
  recipe: Recipe,
  volume: RecipeVolume,
  name: string,
  volumeNames: readonly string[],
  around: Surroundings,
): JsonObject | undefined {
  if (volume.copy === undefined || !needsTools(recipe, volume)) return undefined;
  const image = rewriteImage(around.facts.toolsImage, around.facts.imageRewrites);
  const argv = toolsArgv(volume.programs.map(({ folder }) => folder));
  // The other volumes are mounted on folders that this step makes.
  return step(recipe, name, image, argv, around, [{ name: volumeNames[0] ?? volume.name, mountPath: volumeRoot }]);
}

/**
 * A vendor's own command fills the volumes by itself. But the stub and the keeper need a shell, which may be missing, and a
 * nested folder of programs needs a parent folder that does not belong to root.
 */
function needsTools(recipe: Recipe, { copy, programs }: RecipeVolume): boolean {
  return (
    copy?.from !== undefined || recipe.prefer === 'Availability' || programs.some(({ folder }) => folder.includes('/'))
  );
}

/** The init container that fills the volumes from the agent's image. */
export function fillContainer(
  recipe: Recipe,
  volume: RecipeVolume,
  name: string,
  volumeNames: readonly string[],
  around: Surroundings,
): JsonObject | undefined {
  const copy = volume.copy;
  if (copy === undefined) return undefined;
  const wrapper = recipe.wrapper?.[0] ?? '';
  const prefix = `${withoutSlash(mountPoint(volume.mountPath))}/`;
  const fill: FillStep = {
    mountPath: withoutSlash(mountPoint(volume.mountPath)),
    wrapper: wrapper.startsWith(prefix) ? wrapper.slice(prefix.length) : '',
    skip: Math.max((recipe.wrapper?.length ?? 1) - 1, 0),
    programs: volume.programs.map(({ folder }) => folder),
    keep: ownFolderFor(recipe, around),
    stub: recipe.prefer === 'Availability',
  };
  const root = volumesAt(volumeRoot, volume, volumeNames);
  const image = rewriteImage(copy.image, around.facts.imageRewrites);
  if (copy.from !== undefined) return step(recipe, name, image, copyArgv(copy.from, fill), around, root);
  const command = (copy.command ?? []).map(literal);
  const files = volumesAt(volume.mountPath, volume, volumeNames);
  return needsTools(recipe, volume)
    ? step(recipe, name, image, commandArgv(command, fill), around, [...root, ...files])
    : step(recipe, name, image, command, around, files);
}

/** The volumes nested as the workload sees them, but writable. */
function volumesAt(root: string, { programs }: RecipeVolume, volumeNames: readonly string[]): readonly JsonObject[] {
  const [files = '', ...others] = volumeNames;
  return [
    { name: files, mountPath: root },
    ...programs.map(({ name, folder }, index) => ({
      name: others[index] ?? name,
      mountPath: `${withoutSlash(mountPoint(root))}/${folder}`,
    })),
  ];
}

/** What runs the contents of our own folder when the files are there: the keeper. */
function ownFolderFor(recipe: Recipe, around: Surroundings): FillStep['keep'] {
  const { sidecar } = recipe;
  if (sidecar === undefined || !hasKeeper(recipe, sidecar, around)) return 'Nobody';
  const same =
    sidecar.runAs === 'Own' &&
    ownIdentity(around.facts, sidecar)['runAsUser'] === ownIdentity(around.facts)['runAsUser'];
  return same ? 'OwnUser' : 'Everybody';
}

function step(
  recipe: Recipe,
  name: string,
  image: string,
  command: readonly string[],
  around: Surroundings,
  volumeMounts: readonly JsonObject[],
): JsonObject {
  return {
    name,
    image,
    command,
    resources: withCopyResources(stepResources(recipe, around), recipe, around),
    securityContext: securityContext({ readOnlyRootFilesystem: true, ...ownIdentity(around.facts) }),
    volumeMounts,
  };
}

/**
 * The lowest limits that others may set on a step: a step of a pod with guaranteed resources has what the agent asks
 * for.
 */
export function leastStepLimits({ sidecar, copyResources }: Recipe): Readonly<Record<string, string>> {
  const least: Record<string, string> = {};
  for (const [name, amount] of Object.entries(leastLimits)) {
    const { requests, limits } = sidecar?.resources ?? {};
    least[name] = [requests, limits, copyResources?.limits].reduce((most, of) => smaller(most, of?.[name]), amount);
  }
  return least;
}

/** The agent's container, with the keeper as its entrypoint if the agent's own argv is known. */
export function sidecarContainer(
  recipe: Recipe,
  sidecar: RecipeSidecar,
  name: string,
  volumeNames: readonly string[],
  around: Surroundings,
): JsonObject {
  const image = rewriteImage(sidecar.image, around.facts.imageRewrites);
  const tools = hasKeeper(recipe, sidecar, around) ? toolsMount(volumeNames, around.delivery) : undefined;
  return {
    name,
    image,
    ...(tools !== undefined ? { command: keeperArgv((sidecar.argv ?? []).map(literal)) } : {}),
    env: sidecar.env,
    resources: sidecarResources(recipe, sidecar, around),
    ...(around.native ? { restartPolicy: 'Always' } : {}),
    securityContext: securityContext({
      readOnlyRootFilesystem: sidecar.readOnlyRootFilesystem,
      ...(sidecar.runAs === 'Own'
        ? ownIdentity(around.facts, sidecar)
        : workloadIdentity(around.firstWrapped, around.view)),
    }),
    ...(tools === undefined ? {} : { volumeMounts: [tools] }),
  };
}

/** The keeper's busybox in the agent's container: from the copied files, or from Outrider's own image, at the same path. */
function toolsMount(
  [files, tools]: readonly (string | undefined)[],
  delivery: Surroundings['delivery'],
): JsonObject | undefined {
  const name = delivery === 'Copy' ? files : tools;
  if (name === undefined) return undefined;
  return delivery === 'Copy'
    ? { name, mountPath: volumeRoot, readOnly: true }
    : { name, mountPath: ownFolder, subPath: toolsFolder.slice(1), readOnly: true };
}

/** Whether the sidecar runs under the keeper: under Availability, with a busybox of ours, and an argv that is known. */
export function hasKeeper(
  { prefer, volume }: Pick<Recipe, 'prefer' | 'volume'>,
  sidecar: RecipeSidecar,
  { delivery }: Pick<Surroundings, 'delivery'>,
): boolean {
  return (
    prefer === 'Availability' &&
    (delivery === 'Copy' ? volume?.copy : volume?.imageVolume) !== undefined &&
    sidecar.argv !== undefined &&
    sidecar.argv.length > 0
  );
}

function securityContext(fields: JsonObject): JsonObject {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    ...fields,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Our uid, or the agent's; OpenShift assigns the uid from the namespace's range and refuses another (E22). */
function ownIdentity(facts: ClusterFacts, sidecar?: RecipeSidecar): JsonObject {
  if (facts.openShift) return { runAsNonRoot: true };
  return {
    runAsNonRoot: sidecar?.runAsUser !== 0,
    runAsUser: sidecar?.runAsUser ?? facts.agentUser,
    runAsGroup: sidecar?.runAsGroup ?? sidecar?.runAsUser ?? facts.agentUser,
  };
}

/** The user, group and non-root requirement of the first wrapped container, as the kubelet determines them. */
function workloadIdentity(container: ContainerView | undefined, view: PodView): JsonObject {
  const own = objectOf(container?.value['securityContext']);
  const pod = objectOf(view.spec['securityContext']);
  const identity: Record<string, JsonValue> = {};
  for (const field of ['runAsNonRoot', 'runAsUser', 'runAsGroup']) {
    const value = own?.[field] ?? pod?.[field];
    if (value !== undefined && value !== null) identity[field] = value;
  }
  return identity;
}

function stepResources(recipe: Recipe, around: Surroundings): JsonObject {
  const sidecar = recipe.sidecar;
  if (around.guaranteed) {
    return sidecar === undefined ? guaranteedStep(recipe, around) : sidecarResources(recipe, sidecar, around);
  }
  const most = sidecar?.resources.requests ?? {};
  const requests: Record<string, string> = {};
  for (const [name, small] of Object.entries(stepRequests)) requests[name] = smaller(small, most[name]);
  // No container's limit may exceed the pod's own limit, if it has one (Kubernetes 1.34).
  const ofPod = objectOf(objectOf(around.view.spec['resources'])?.['limits']);
  const limits: Record<string, string> = {};
  for (const [name, limit] of Object.entries({ ...defaultStepLimits, ...sidecar?.resources.limits })) {
    limits[name] = smaller(limit, sidecar?.resources.limits?.[name] === undefined ? ofPod?.[name] : undefined);
  }
  return withEphemeralStorage({ requests, limits }, recipe, around);
}

/** A step's resources. Those that the policy names replace the usual ones. In a Guaranteed pod, requests equal limits. */
function withCopyResources(usual: JsonObject, { copyResources }: Recipe, { guaranteed }: Surroundings): JsonObject {
  if (copyResources === undefined) return usual;
  const { requests = {}, limits = {} } = copyResources;
  const wanted = guaranteed ? { ...requests, ...limits } : undefined;
  const named = (name: string): boolean => requests[name] !== undefined || limits[name] !== undefined;
  const others = (amounts: JsonValue | undefined): JsonObject =>
    Object.fromEntries(Object.entries(objectOf(amounts) ?? {}).filter(([name]) => !named(name)));
  return {
    requests: { ...others(usual['requests']), ...(wanted ?? requests) },
    limits: { ...others(usual['limits']), ...(wanted ?? limits) },
  };
}

/** Without an agent next to it, a step gets no more than the first container has, so no effective request rises. */
function guaranteedStep(recipe: Recipe, around: Surroundings): JsonObject {
  const first = listOf(around.view.spec['containers'])[0];
  const most = objectOf(objectOf(objectOf(first)?.['resources'])?.['limits']);
  const both: Record<string, string> = {};
  for (const [name, limit] of Object.entries(defaultStepLimits)) both[name] = smaller(limit, most?.[name]);
  return withEphemeralStorage({ requests: both, limits: both }, recipe, around);
}

/** The smaller of two quantities; the first if the other is not a quantity. */
function smaller(quantity: string, other: JsonValue | undefined): string {
  if (typeof other !== 'string' && typeof other !== 'number') return quantity;
  const amount = parseQuantity(other);
  return amount !== undefined && amount < (parseQuantity(quantity) ?? amount) ? `${other}` : quantity;
}

function sidecarResources(recipe: Recipe, sidecar: RecipeSidecar, around: Surroundings): JsonObject {
  const { requests = {}, limits = {} } = sidecar.resources;
  if (!around.guaranteed) return withEphemeralStorage(sidecar.resources, recipe, around);
  const both = { ...requests, ...limits };
  return withEphemeralStorage({ requests: both, limits: both }, recipe, around);
}

function withEphemeralStorage(resources: Resources, recipe: Recipe, around: Surroundings): JsonObject {
  const { requests, limits } = resources;
  const size = recipe.volume?.sizeLimit;
  if (!around.limitsEphemeralStorage || around.delivery !== 'Copy' || size === undefined) {
    return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
  }
  return {
    requests: { 'ephemeral-storage': smaller('64Mi', size), ...requests },
    limits: { 'ephemeral-storage': size, ...limits },
  };
}
