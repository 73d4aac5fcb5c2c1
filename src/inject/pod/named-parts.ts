import type { Finding } from '../../model/decision.js';
import { compileGlobs } from '../../model/glob.js';
import type { Recipe, RecipeWorkloadPart } from '../../model/recipe.js';
import type { ContainerView } from './view.js';

/** The parts of a recipe for a container with this name. */
export function partsFor(recipe: Recipe, { name }: Pick<ContainerView, 'name'>): readonly RecipeWorkloadPart[] {
  return recipe.containers.filter((part) => compileGlobs(part.containers)(name));
}

/**
 * The containers for which a recipe has parts. A recipe that only has parts for containers with certain names leaves the
 * others alone. It would be wrong to call those instrumented.
 */
export function concernedContainers(recipe: Recipe, selected: readonly ContainerView[]): readonly ContainerView[] {
  const forAll =
    recipe.wrapper !== undefined ||
    recipe.volume !== undefined ||
    recipe.sidecar !== undefined ||
    recipe.shareProcessNamespace ||
    recipe.env.length > (recipe.unsetEnv?.size ?? 0) ||
    recipe.capabilities.length > 0;
  return forAll ? selected : selected.filter((container) => partsFor(recipe, container).length > 0);
}

/** A remark for each part of a recipe whose container the pod does not have. */
export function absentContainers(recipe: Recipe, workload: readonly ContainerView[]): readonly Finding[] {
  return recipe.containers
    .filter((part) => !workload.some((container) => partsFor(recipe, container).includes(part)))
    .map((part) => ({
      reason: 'container_absent',
      detail: `the pod has no container ${part.containers.join(' or ')}`,
    }));
}
