import type { JsonObject } from '../model/json.js';
import type { ClusterFacts, Recipe } from '../model/recipe.js';
import { fillContainer, sidecarContainer, toolsContainer, type Surroundings } from './own-containers.js';

/** Our containers: what brings the tools, what fills the volume, the agent. */
export type OwnPart = 'tools' | 'files' | 'agent';

/**
 * Makes a recipe's own containers, and keeps those under the recipe's own names: nearly every pod gets the same ones. A
 * pod's author can choose a name, so a container under another name is made anew and never kept.
 */
export class OwnParts {
  readonly #recipe: Recipe;
  readonly #kept = new Map<string, JsonObject | undefined>();
  /** What is kept was made with these. */
  #facts: ClusterFacts | undefined;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
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
    const usual =
      name === this.nameOf(part) &&
      volumeName === this.#recipe.volume?.name &&
      this.#recipe.sidecar?.runAs !== 'Workload';
    if (!usual) return this.#build(part, name, volumeName, around);
    if (around.facts !== this.#facts) {
      this.#kept.clear();
      this.#facts = around.facts;
    }
    const key = `${part} ${around.delivery} ${around.native} ${around.guaranteed} ${around.limitsEphemeralStorage}`;
    if (this.#kept.has(key)) return this.#kept.get(key);
    const made = this.#build(part, name, volumeName, around);
    this.#kept.set(key, made);
    return made;
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
}
