import { isObject, listOf } from '../../model/json.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import { runsWrapper } from '../argv.js';
import { startOf } from './argv.js';
import { isAgentOnly } from './plan.js';
import { variablesOf } from './variables.js';
import { fieldOf, type TaskContainerView, type TaskView } from './view.js';
import { awaitedBy } from './waits.js';

/** The agent's containers in a task, whether added by hand, by a vendor's patcher or by us. */
export interface OwnTaskContainers {
  readonly agent: TaskContainerView | undefined;
  readonly init: TaskContainerView | undefined;
  /** Containers of the agent's image that end before it starts, such as one that copies its configuration. */
  readonly helpers: readonly TaskContainerView[];
}

/**
 * Finds the agent and the container that brings the files. A name alone is no proof: the image's repository is, or that
 * a wrapped container takes its files from there; tags differ between versions and stay as they are. An image alone is
 * none of the agent either: it may be a helper's (W24).
 */
export function findOwnTaskContainers(view: TaskView, recipe: TaskRecipe): OwnTaskContainers {
  const init = findInit(view, recipe);
  const others = view.containers.filter((container) => container !== init);
  const agent = findAgent(view, recipe, others);
  return { agent, init, helpers: agent === undefined ? [] : helpersOf(view, recipe, agent) };
}

/** Whether two names are the same except for case, as the vendor's own pages mix them. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function findInit(view: TaskView, { agent, volume }: TaskRecipe): TaskContainerView | undefined {
  if (volume === undefined) return undefined;
  const { name, image } = volume.init;
  const named = view.containers.find((container) => isNamed(container, name, image));
  if (named !== undefined || repositoriesOf(agent).has(repositoryOf(image))) return named;
  return view.containers.find((container) => repositoryOf(container.image) === repositoryOf(image));
}

function findAgent(
  view: TaskView,
  recipe: TaskRecipe,
  containers: readonly TaskContainerView[],
): TaskContainerView | undefined {
  const { agent } = recipe;
  const repositories = repositoriesOf(agent);
  const isOfImage = ({ image }: TaskContainerView): boolean => repositories.has(repositoryOf(image));
  const named = containers.find(
    (container) =>
      isNamed(container, agent.name, agent.image) || (isOfImage(container) && sameName(container.name, agent.name)),
  );
  if (named !== undefined) return named;
  const sources = sourcesOfWrapped(view, recipe);
  const source = containers.find((container) => sources.has(container.name) && isOfImage(container));
  if (source !== undefined) return source;
  const ending = new Set(
    view.containers.flatMap((container) =>
      awaitedBy(view, container).flatMap(({ name, ends }) => (ends ? [name] : [])),
    ),
  );
  const candidates = containers
    .filter((container) => isOfImage(container) && !ending.has(container.name))
    .filter((container) => setsKey(view, recipe, container) || !startsShell(view, container));
  const withKey = candidates.find((container) => setsKey(view, recipe, container));
  return withKey ?? candidates[0] ?? containers.find(({ name }) => sources.has(name));
}

/** Containers of the agent's image that end before the agent starts. The agent waits for them, or for one that does. */
function helpersOf(view: TaskView, { agent }: TaskRecipe, own: TaskContainerView): readonly TaskContainerView[] {
  const repositories = new Set([...repositoriesOf(agent), repositoryOf(own.image)]);
  const helpers = new Set<TaskContainerView>();
  const pending = [own];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const ending = new Set(awaitedBy(view, next).flatMap(({ name, ends }) => (ends ? [name] : [])));
    for (const container of view.containers) {
      if (!ending.has(container.name) || !repositories.has(repositoryOf(container.image))) continue;
      if (container === own || helpers.has(container)) continue;
      helpers.add(container);
      pending.push(container);
    }
  }
  return [...helpers];
}

/** Whether a container has the name of a part, and its image does not contradict that. */
function isNamed(container: TaskContainerView, name: string, image: string): boolean {
  const alike = baseOf(container.image) === baseOf(image);
  return sameName(container.name, name) && (alike || container.imageIsIntrinsic);
}

/** Whether a container has a variable that the agent reads its access key from. */
function setsKey(view: TaskView, { agent }: TaskRecipe, container: TaskContainerView): boolean {
  const present = variablesOf(view, container);
  return agent.secrets.some(({ name }) => present.has(name));
}

const shells = /^(?:\/(?:usr\/)?bin\/)?(?:sh|bash|ash|dash|busybox|cp|rsync|tar|true|mkdir|chown|chmod)$/;

/** Whether a container starts a shell or a tool in place of what the agent's image does. */
function startsShell(view: TaskView, container: TaskContainerView): boolean {
  return shells.test(startOf(view, container)[0] ?? '');
}

/** Containers that wrapped containers take volumes from; with more than one it is not known which is meant. */
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

function repositoriesOf({ image, repositories }: TaskRecipe['agent']): ReadonlySet<string> {
  return new Set([repositoryOf(image), ...repositories]);
}

/** A reference without its tag and digest. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

function baseOf(image: string): string {
  return repositoryOf(image).split('/').at(-1) ?? '';
}
