import { isObject, listOf } from '../../model/json.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import { runsWrapper } from '../argv.js';
import { isAgentOnly } from './plan.js';
import { fieldOf, type TaskContainerView, type TaskView } from './view.js';

/** The containers of a task that are ours, by hand, by a vendor's patcher or by us. */
export interface OwnTaskContainers {
  readonly agent: TaskContainerView | undefined;
  readonly init: TaskContainerView | undefined;
}

/**
 * Finds the agent and the container that brings the files. A name alone is no proof: the image's repository is, or that
 * a wrapped container takes its files from there; tags differ between versions and stay as they are.
 */
export function findOwnTaskContainers(view: TaskView, recipe: TaskRecipe): OwnTaskContainers {
  const sources = sourcesOfWrapped(view, recipe);
  const find = (name: string, image: string, others: readonly string[]): TaskContainerView | undefined =>
    view.containers.find(({ image: found }) => [repositoryOf(image), ...others].includes(repositoryOf(found))) ??
    view.containers.find((container) => {
      const alike = baseOf(container.image) === baseOf(image);
      if (sources.has(container.name)) return true;
      return sameName(container.name, name) && (alike || container.imageIsIntrinsic);
    });
  const init = recipe.volume === undefined ? undefined : find(recipe.volume.init.name, recipe.volume.init.image, []);
  return { agent: find(recipe.agent.name, recipe.agent.image, recipe.agent.repositories), init };
}

/** Whether two names are the same but for case, as the vendor's own pages mix them. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Containers that wrapped containers take volumes from; with more than one of them nobody knows which is meant. */
function sourcesOfWrapped(view: TaskView, recipe: TaskRecipe): ReadonlySet<string> {
  const { wrapper, volume } = recipe;
  const sources = new Set<string>();
  if (volume !== undefined || isAgentOnly(recipe)) return sources;
  for (const container of view.containers) {
    const [entry] = listOf(fieldOf(view, container.value, 'entryPoint'));
    if (typeof entry !== 'string' || !runsWrapper([entry], wrapper)) continue;
    const names = listOf(fieldOf(view, container.value, 'volumesFrom')).flatMap((item) => {
      const name = isObject(item) ? fieldOf(view, item, 'sourceContainer') : undefined;
      return typeof name === 'string' ? [name] : [];
    });
    const [only] = names;
    if (names.length === 1 && only !== undefined) sources.add(only);
  }
  return sources;
}

/** A reference without its tag and digest. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

function baseOf(image: string): string {
  return repositoryOf(image).split('/').at(-1) ?? '';
}
