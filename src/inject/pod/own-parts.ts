import { deepFrozen, type JsonObject } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import { rewriteImage } from '../rewrite-image.js';
import { KeptOperations } from './kept-operations.js';
import { filesMount } from './mounts.js';
import { fillContainer, sidecarContainer, toolsContainer, type Surroundings } from './own-containers.js';
import type { Growth, PlannedMount } from './plan.js';
import { growthBy } from './resources.js';
import { VariableNames } from './variables.js';

/** Our containers: what brings the tools, what fills the volume, the agent. */
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
  /** Names of the variables that the recipe gives every container, or reserves. */
  readonly variables: VariableNames;
  readonly #recipe: Recipe;
  readonly #containers: (KeptPart | undefined)[] = [];
  readonly #volumes = new Map<Delivery, JsonObject>();
  readonly #mounts = new Map<Delivery, readonly PlannedMount[]>();
  #grown: { readonly agent: JsonObject; readonly growth: Growth } | undefined;
  /** What is kept was made with these. */
  #facts: ClusterFacts | undefined;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    this.variables = new VariableNames([...recipe.env.map(({ name }) => name), ...recipe.reservedEnv]);
  }

  /** Name of a part as the recipe has it; `undefined` when it has no such part. */
  nameOf(part: OwnPart): string | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') return sidecar?.name;
    return part === 'tools' ? volume?.copy?.toolsName : volume?.copy?.name;
  }

  /**
   * A part under a name.
   *
   * @param volumeName name of our volume in the pod
   * @returns `undefined` when the recipe does without this part
   */
  make(part: OwnPart, name: string, volumeName: string | undefined, around: Surroundings): JsonObject | undefined {
    if (name !== this.nameOf(part) || volumeName !== this.#recipe.volume?.name || this.#dependsOnPod(around)) {
      return this.#build(part, name, volumeName, around);
    }
    this.#knowFacts(around.facts);
    const key = keyOf(part, around);
    const kept = this.#containers[key];
    if (kept !== undefined) return kept.container;
    const made = deepFrozen(this.#build(part, name, volumeName, around));
    this.#containers[key] = { container: made };
    return made;
  }

  /** Our volume under a name. Only for a recipe that has one. */
  volume(name: string, delivery: Delivery, facts: ClusterFacts): JsonObject {
    if (name !== this.#recipe.volume?.name) return this.#buildVolume(name, delivery, facts);
    this.#knowFacts(facts);
    let kept = this.#volumes.get(delivery);
    if (kept === undefined) {
      kept = deepFrozen(this.#buildVolume(name, delivery, facts));
      this.#volumes.set(delivery, kept);
    }
    return kept;
  }

  /** What a container of the workload mounts of the agent's files: one mount, or none for a recipe without any. */
  filesMounts(volumeName: string | undefined, delivery: Delivery): readonly PlannedMount[] {
    const { volume } = this.#recipe;
    if (volume === undefined || volumeName === undefined) return noMounts;
    if (volumeName !== volume.name) return [filesMount(volume, delivery, volumeName)];
    let kept = this.#mounts.get(delivery);
    if (kept === undefined) {
      kept = deepFrozen([filesMount(volume, delivery, volumeName)]);
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

  #build(part: OwnPart, name: string, volumeName: string | undefined, around: Surroundings): JsonObject | undefined {
    const { volume, sidecar } = this.#recipe;
    if (part === 'agent') {
      return sidecar === undefined ? undefined : sidecarContainer(this.#recipe, sidecar, name, volumeName, around);
    }
    if (volume === undefined || volumeName === undefined) return undefined;
    const build = part === 'tools' ? toolsContainer : fillContainer;
    return build(this.#recipe, volume, name, volumeName, around);
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
