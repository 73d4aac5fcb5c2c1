import { deepFrozen, type JsonObject } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import { rewriteImage } from '../rewrite-image.js';
import { KeptFits } from './fit/kept-fits.js';
import { KeptOperations } from './kept-operations.js';
import { filesMounts } from './mounts.js';
import { fillContainer, sidecarContainer, toolsContainer, type Surroundings } from './own-containers.js';
import type { Growth, PlannedMount } from './plan.js';
import { growthBy } from './resources.js';
import { VariableNames } from './variables.js';

/** Our containers: what brings the tools, what fills the volumes, the agent. */
export type OwnPart = 'tools' | 'files' | 'agent';

type Delivery = Surroundings['delivery'];

interface KeptPart {
  readonly container: JsonObject | undefined;
}

/**
 * Makes a recipe's own parts, and keeps those under the recipe's own names: nearly every pod gets the same ones. What is
 * kept is frozen. A pod's author can choose a name, so a part under another name is made anew and never kept.
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
  readonly #volumes = new Map<string, JsonObject>();
  readonly #mounts = new Map<Delivery, readonly PlannedMount[]>();
  #grown: { readonly agent: JsonObject; readonly growth: Growth } | undefined;
  /** What is kept was made with these. */
  #facts: ClusterFacts | undefined;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    const { name, programs = [] } = recipe.volume ?? {};
    const files = name === undefined ? [] : [name];
    this.#volumeNames = { Copy: [...files, ...programs.map((folder) => folder.name)], ImageVolume: files };
    this.variables = new VariableNames([...recipe.env.map(({ name }) => name), ...recipe.reservedEnv]);
  }

  /** Name of a part as the recipe has it; `undefined` when it has no such part. */
  nameOf(part: OwnPart): string | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') return sidecar?.name;
    return part === 'tools' ? volume?.copy?.toolsName : volume?.copy?.name;
  }

  /**
   * Names of our volumes as the recipe has them: of the files, then, where they are copied, of each folder of programs.
   * Empty for a recipe without any. The names that they have in a pod are a list in the same order.
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
    if (name !== this.nameOf(part) || !this.#areOwn(volumeNames, around.delivery) || this.#dependsOnPod(around)) {
      return this.#build(part, name, volumeNames, around);
    }
    this.#knowFacts(around.facts);
    const key = keyOf(part, around);
    const kept = this.#containers[key];
    if (kept !== undefined) return kept.container;
    const made = deepFrozen(this.#build(part, name, volumeNames, around));
    this.#containers[key] = { container: made };
    return made;
  }

  /** One of our volumes under a name. Only for a recipe that has any. */
  volume(name: string, delivery: Delivery, facts: ClusterFacts): JsonObject {
    if (!this.#volumeNames[delivery].includes(name)) return this.#buildVolume(name, delivery, facts);
    this.#knowFacts(facts);
    const key = delivery === 'Copy' ? name : '';
    let kept = this.#volumes.get(key);
    if (kept === undefined) {
      kept = deepFrozen(this.#buildVolume(name, delivery, facts));
      this.#volumes.set(key, kept);
    }
    return kept;
  }

  /**
   * What a container of the workload mounts of the agent's files, in this order: all of them, then each folder of
   * programs. None for a recipe without any.
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

  /** By how much a pod grows with this agent beside it; not at all without one. */
  growthBy(agent: JsonObject | undefined): Growth {
    if (agent !== undefined && this.#grown?.agent === agent) return this.#grown.growth;
    const growth = growthBy(agent);
    if (agent !== undefined && Object.isFrozen(agent)) this.#grown = { agent, growth };
    return growth;
  }

  #knowFacts(facts: ClusterFacts): void {
    if (facts === this.#facts) return;
    this.#containers.length = 0;
    this.#volumes.clear();
    this.#facts = facts;
  }

  /** Whether something of the pod gets into our containers: its user, or amounts of its own resources. */
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

  #build(part: OwnPart, name: string, volumeNames: readonly string[], around: Surroundings): JsonObject | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') {
      return sidecar === undefined ? undefined : sidecarContainer(this.#recipe, sidecar, name, volumeNames[0], around);
    }
    if (volume === undefined || volumeNames.length === 0) return undefined;
    const build = part === 'tools' ? toolsContainer : fillContainer;
    return build(this.#recipe, volume, name, volumeNames, around);
  }

  #buildVolume(name: string, delivery: Delivery, facts: ClusterFacts): JsonObject {
    const { volume } = this.#recipe;
    if (delivery === 'Copy') return { name, emptyDir: { sizeLimit: volume?.sizeLimit } };
    return { name, image: { reference: rewriteImage(volume?.imageVolume?.image ?? '', facts.imageRewrites) } };
  }
}

const noMounts: readonly PlannedMount[] = [];

/** A small number for each way that a part can come out in pods that have nothing to say about it. */
function keyOf(part: OwnPart, { delivery, native, guaranteed, limitsEphemeralStorage }: Surroundings): number {
  return (
    (part === 'tools' ? 0 : part === 'files' ? 1 : 2) +
    (delivery === 'Copy' ? 0 : 3) +
    (native ? 6 : 0) +
    (guaranteed ? 12 : 0) +
    (limitsEphemeralStorage ? 24 : 0)
  );
}
