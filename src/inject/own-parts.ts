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
  readonly #kept: ({ readonly part: JsonObject | undefined } | undefined)[] = [];
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
    if (name !== this.nameOf(part) || volumeName !== this.#recipe.volume?.name || this.#dependsOnPod(around)) {
      return this.#build(part, name, volumeName, around);
    }
    if (around.facts !== this.#facts) {
      this.#kept.length = 0;
      this.#facts = around.facts;
    }
    const key = keyOf(part, around);
    const kept = this.#kept[key];
    if (kept !== undefined) return kept.part;
    const made = this.#build(part, name, volumeName, around);
    this.#kept[key] = { part: made };
    return made;
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
}

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
