import { deepFrozen, type JsonObject } from '../../model/json.js';
import type { ClusterFacts, Delivery, Recipe } from '../../model/recipe.js';
import { rewriteImage } from '../rewrite-image.js';
import { closedMount, withMount } from './api-token.js';
import { KeptFits } from './fit/kept-fits.js';
import { KeptOperations } from './kept-operations.js';
import { filesMounts } from './mounts.js';
import { fillContainer, hasKeeper, sidecarContainer, toolsContainer, type Surroundings } from './own-containers.js';
import type { Growth, PlannedMount } from './plan.js';
import { growthBy } from './resources.js';
import { VariableNames } from './variables.js';

/** Our containers: the one that brings the tools, the one that fills the volumes, and the agent. */
export type OwnPart = 'tools' | 'files' | 'agent';

interface KeptPart {
  readonly container: JsonObject | undefined;
}

/**
 * Makes a recipe's own parts, and keeps those under the recipe's own names, because nearly every pod gets the same ones.
 * Kept parts are frozen. A pod's author can cause other names, so a part under another name is made each time and never
 * kept.
 */
export class OwnParts {
  /** The recipe's operations that are the same in many pods. */
  readonly operations = new KeptOperations();
  /** Its containers as they are fitted to namespaces. */
  readonly fits = new KeptFits();
  /** Names of the variables that the recipe gives every container, or reserves. */
  readonly variables: VariableNames;
  readonly #recipe: Recipe;
  readonly #containers: (KeptPart | undefined)[] = [];
  readonly #volumeNames: Readonly<Record<Delivery, readonly string[]>>;
  readonly #volumes: Readonly<Record<Delivery, JsonObject[]>> = { Copy: [], ImageVolume: [] };
  readonly #mounts = new Map<Delivery, readonly PlannedMount[]>();
  #grown: { readonly agent: JsonObject; readonly growth: Growth } | undefined;
  /** The inputs of the kept parts. */
  #facts: ClusterFacts | undefined;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    this.#volumeNames = { Copy: copiedNames(recipe), ImageVolume: imageNames(recipe) };
    this.variables = new VariableNames([...recipe.env.map(({ name }) => name), ...recipe.reservedEnv]);
  }

  /** A part's name in the recipe; `undefined` if the recipe has no such part. */
  nameOf(part: OwnPart): string | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') return sidecar?.name;
    return part === 'tools' ? volume?.copy?.toolsName : volume?.copy?.name;
  }

  /**
   * Names of our volumes in the recipe: that of the files, then, if they are copied, those of each folder of programs, and
   * if they come by an image volume, that of the keeper's tools. Empty for a recipe without volumes. Their names in a pod
   * are a list in the same order.
   */
  volumeNames(delivery: Delivery): readonly string[] {
    return this.#volumeNames[delivery];
  }

  /**
   * A part under a name.
   *
   * @param volumeNames names of our volumes in the pod
   * @returns `undefined` when the recipe does without this part
   */
  make(part: OwnPart, name: string, volumeNames: readonly string[], around: Surroundings): JsonObject | undefined {
    const mount = part === 'agent' ? around.token.agent : around.token.closed;
    if (mount === closedMount) return this.#make(part, name, volumeNames, around, true);
    const container = this.#make(part, name, volumeNames, around, false);
    return container === undefined || mount === undefined ? container : withMount(container, mount);
  }

  /** @param closed whether the place of the API server's token is closed, by the volume's own name */
  #make(
    part: OwnPart,
    name: string,
    volumeNames: readonly string[],
    around: Surroundings,
    closed: boolean,
  ): JsonObject | undefined {
    if (name !== this.nameOf(part) || !this.#areOwn(volumeNames, around.delivery) || this.#dependsOnPod(around)) {
      return this.#build(part, name, volumeNames, around, closed);
    }
    this.#knowFacts(around.facts);
    const key = keyOf(part, around, closed);
    const kept = this.#containers[key];
    if (kept !== undefined) return kept.container;
    const made = deepFrozen(this.#build(part, name, volumeNames, around, closed));
    this.#containers[key] = { container: made };
    return made;
  }

  /** One of our volumes under a name. Only for a recipe that has any. @param index which of {@link volumeNames} it is */
  volume(index: number, name: string, delivery: Delivery, facts: ClusterFacts): JsonObject {
    if (this.#volumeNames[delivery][index] !== name) return this.#buildVolume(index, name, delivery, facts);
    this.#knowFacts(facts);
    return (this.#volumes[delivery][index] ??= deepFrozen(this.#buildVolume(index, name, delivery, facts)));
  }

  /**
   * The agent's files that a container of the workload mounts, in this order: all of them, then each folder of programs.
   * None for a recipe without files.
   */
  filesMounts(volumeNames: readonly string[], delivery: Delivery): readonly PlannedMount[] {
    const { volume } = this.#recipe;
    if (volume === undefined || volumeNames.length === 0) return noMounts;
    if (volumeNames !== this.#volumeNames[delivery]) return filesMounts(volume, delivery, volumeNames);
    let kept = this.#mounts.get(delivery);
    if (kept === undefined) {
      kept = deepFrozen(filesMounts(volume, delivery, volumeNames));
      this.#mounts.set(delivery, kept);
    }
    return kept;
  }

  /** By how much a pod grows with this agent next to it; by nothing without one. */
  growthBy(agent: JsonObject | undefined): Growth {
    if (agent !== undefined && this.#grown?.agent === agent) return this.#grown.growth;
    const growth = growthBy(agent);
    if (agent !== undefined && Object.isFrozen(agent)) this.#grown = { agent, growth };
    return growth;
  }

  #knowFacts(facts: ClusterFacts): void {
    if (facts === this.#facts) return;
    this.#containers.length = 0;
    this.#volumes.Copy.length = this.#volumes.ImageVolume.length = 0;
    this.#facts = facts;
  }

  /** Whether something of the pod becomes part of our containers: its user, or amounts of its own resources. */
  #dependsOnPod({ guaranteed, view }: Surroundings): boolean {
    const { sidecar } = this.#recipe;
    return (
      sidecar?.runAs === 'Workload' ||
      (guaranteed && sidecar === undefined) ||
      (view.spec['resources'] !== undefined && view.spec['resources'] !== null)
    );
  }

  #areOwn(volumeNames: readonly string[], delivery: Delivery): boolean {
    const own = this.#volumeNames[delivery];
    return (
      volumeNames === own || (volumeNames.length === own.length && volumeNames.every((name, at) => name === own[at]))
    );
  }

  #build(
    part: OwnPart,
    name: string,
    volumeNames: readonly string[],
    around: Surroundings,
    closed: boolean,
  ): JsonObject | undefined {
    const container = this.#container(part, name, volumeNames, around);
    return container === undefined || !closed ? container : withMount(container, closedMount);
  }

  #container(
    part: OwnPart,
    name: string,
    volumeNames: readonly string[],
    around: Surroundings,
  ): JsonObject | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') {
      return sidecar === undefined ? undefined : sidecarContainer(this.#recipe, sidecar, name, volumeNames, around);
    }
    if (volume === undefined || volumeNames.length === 0) return undefined;
    const build = part === 'tools' ? toolsContainer : fillContainer;
    return build(this.#recipe, volume, name, volumeNames, around);
  }

  #buildVolume(index: number, name: string, delivery: Delivery, facts: ClusterFacts): JsonObject {
    const { volume } = this.#recipe;
    if (delivery === 'Copy') return { name, emptyDir: { sizeLimit: volume?.sizeLimit } };
    const image = index === 0 ? (volume?.imageVolume?.image ?? '') : facts.toolsImage;
    return { name, image: { reference: rewriteImage(image, facts.imageRewrites) } };
  }
}

function copiedNames({ volume }: Recipe): readonly string[] {
  return volume === undefined ? [] : [volume.name, ...volume.programs.map(({ name }) => name)];
}

/** The volume of the keeper's tools is mounted in the agent's container alone. */
function imageNames(recipe: Recipe): readonly string[] {
  const { volume, sidecar } = recipe;
  if (volume === undefined) return [];
  const keeps = sidecar !== undefined && hasKeeper(recipe, sidecar, { delivery: 'ImageVolume' });
  return keeps && volume.imageVolume !== undefined ? [volume.name, volume.imageVolume.toolsName] : [volume.name];
}

const noMounts: readonly PlannedMount[] = [];

/** A small number for each form that a part can have in pods that do not influence it. */
function keyOf(
  part: OwnPart,
  { delivery, native, guaranteed, limitsEphemeralStorage }: Surroundings,
  closed: boolean,
): number {
  return (
    (part === 'tools' ? 0 : part === 'files' ? 1 : 2) +
    (delivery === 'Copy' ? 0 : 3) +
    (native ? 6 : 0) +
    (guaranteed ? 12 : 0) +
    (limitsEphemeralStorage ? 24 : 0) +
    (closed ? 48 : 0)
  );
}
