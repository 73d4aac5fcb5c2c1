import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { isObject, listOf, type JsonObject, type JsonValue } from '../../model/json.js';
import type { TaskEnv, TaskRecipe } from '../../model/task-recipe.js';
import { isInProcess, isSamePlace, mountPoint } from '../path.js';
import { sameName } from './identify.js';
import { wrapTaskArgv } from './argv.js';
import { missingCapabilities, unknownCapabilities } from './capability.js';
import { isIntrinsic, referenceText } from './dialect.js';
import type { PartNames } from './parts.js';
import type { TaskWorkloadPlan } from './plan.js';
import { nameIn, variablesOf } from './variables.js';
import { fieldOf, pointerOf, unknown, type TaskContainerView, type TaskView } from './view.js';

/** What the containers of a task share. */
export interface TaskContext {
  readonly view: TaskView;
  readonly recipe: TaskRecipe;
  readonly names: PartNames;
  readonly volumeName: string | undefined;
  /** Names of the containers that ours wait for, which can't wait for ours (W25). */
  readonly before: ReadonlySet<string>;
}

/** The result for one container. */
export interface TaskWorkloadResult {
  readonly finding: ContainerFinding;
  readonly plan: TaskWorkloadPlan | undefined;
  readonly remarks: readonly Finding[];
  readonly tampered: Finding | undefined;
}

/** Lists and objects that are added to: nothing can be added to what only deployment makes. */
const extended = ['environment', 'secrets', 'volumesFrom', 'mountPoints', 'dependsOn'];

/** Plans what one selected container gets; `image` is what is known about its image. */
export function planTaskContainer(
  container: TaskContainerView,
  image: ImageOutcome | undefined,
  context: TaskContext,
): TaskWorkloadResult {
  const { view, recipe, names, volumeName } = context;
  const isBefore = context.before.has(container.name);
  const about = { name: container.name, list: container.list };
  const leftOut = (finding: Finding): TaskWorkloadResult => ({
    finding: { ...about, leftOut: finding },
    plan: undefined,
    remarks: [],
    tampered: undefined,
  });
  const opaque = unknownField(view, container);
  if (opaque !== undefined) return leftOut(unknown(view.documentPath + opaque));
  const taken = mountInTheWay(context, container);
  if (taken !== undefined) return leftOut({ reason: 'mount_path_taken', detail: taken });
  const argv = wrapTaskArgv(view, container, recipe.wrapper, image);
  if (isBefore && argv.kind !== 'wrapped') {
    const detail = `the agent’s containers wait for ${container.name}, so it can’t wait for them`;
    return leftOut({ reason: 'agent_waits_for_it', detail });
  }
  if (argv.kind === 'left_out') return leftOut(argv.finding);

  const remarks: Finding[] = [];
  const present = variablesOf(view, container);
  let tampered: Finding | undefined;
  const env = variablesFor(container, recipe);
  const wanted = new Map(env.map(({ name, value }) => [name, value]));
  for (const [name, value] of present) {
    if (wanted.has(name) && wanted.get(name) === value) continue;
    if (wanted.has(name)) {
      remarks.push({ reason: 'env_kept', detail: `container ${container.name} sets ${name} itself` });
    }
    if (!recipe.reservedEnv.has(name)) continue;
    tampered ??= { reason: 'tampered', detail: `container ${container.name} sets the reserved variable ${name}` };
  }
  const sources = listOf(fieldOf(view, container.value, 'volumesFrom'));
  const misnamed = recipe.volume === undefined ? misnamedSources(context, sources) : [];
  const needsSource =
    !isBefore && recipe.volume === undefined && misnamed.length === 0 && !hasSource(view, sources, names.agent);
  return {
    finding: about,
    plan: {
      container,
      argv,
      env: env.filter(({ name, fargateOnly }) => !present.has(name) && (!fargateOnly || view.fargate)),
      capabilities: missingCapabilities(view, container, recipe.capabilities, remarks),
      volumesFrom: needsSource ? [{ sourceContainer: nameIn(view, names.agent), readOnly: true }] : [],
      misnamed,
      mountPoints:
        volumeName === undefined || hasMount(context, container)
          ? []
          : [{ sourceVolume: volumeName, containerPath: recipe.toolsPath, readOnly: true }],
      dependsOn: isBefore ? [] : missingDependencies(context, container),
    },
    remarks,
    tampered,
  };
}

/** The variables of a recipe that are for a container: of several of one name the first. */
function variablesFor({ name }: TaskContainerView, { env }: TaskRecipe): readonly TaskEnv[] {
  const found = new Map<string, TaskEnv>();
  for (const variable of env) {
    if (variable.containers?.has(name) === false || found.has(variable.name)) continue;
    found.set(variable.name, variable);
  }
  return [...found.values()];
}

/** Pointer of the first field that has to be added to and cannot be. */
function unknownField(view: TaskView, container: TaskContainerView): string | undefined {
  const field = extended.find((name) => isIntrinsic(fieldOf(view, container.value, name)));
  if (field !== undefined) return pointerOf(view, container, field);
  return unknownCapabilities(view, container);
}

function mountInTheWay({ view, recipe, volumeName }: TaskContext, container: TaskContainerView): string | undefined {
  const path = mountPoint(recipe.toolsPath);
  for (const mount of listOf(fieldOf(view, container.value, 'mountPoints'))) {
    if (!isObject(mount)) continue;
    const at = fieldOf(view, mount, 'containerPath');
    const source = fieldOf(view, mount, 'sourceVolume');
    if (typeof at !== 'string' || (mountPoint(at) === path && source === volumeName)) continue;
    if (mountPoint(at).startsWith(path) || isInProcess(mountPoint(at)))
      return `its own volume ${text(source)} is mounted at ${at}`;
  }
  return undefined;
}

function hasMount({ view, recipe, volumeName }: TaskContext, container: TaskContainerView): boolean {
  return listOf(fieldOf(view, container.value, 'mountPoints')).some((mount) => {
    if (!isObject(mount) || fieldOf(view, mount, 'sourceVolume') !== volumeName) return false;
    const at = fieldOf(view, mount, 'containerPath');
    return typeof at === 'string' && isSamePlace(at, recipe.toolsPath);
  });
}

function hasSource(view: TaskView, sources: readonly JsonValue[], name: string): boolean {
  return sources.some((item) => isObject(item) && referenceText(fieldOf(view, item, 'sourceContainer')) === name);
}

/** References that no container has the name of, and the agent has except for case: ECS would not find it. */
function misnamedSources({ view, names }: TaskContext, sources: readonly JsonValue[]): readonly number[] {
  const known = new Set(view.containers.map(({ name }) => name));
  if (hasSource(view, sources, names.agent)) return [];
  return sources.flatMap((item, index) => {
    const name = isObject(item) ? fieldOf(view, item, 'sourceContainer') : undefined;
    return typeof name === 'string' && !known.has(name) && sameName(name, names.agent) ? [index] : [];
  });
}

function missingDependencies({ view, recipe, names }: TaskContext, container: TaskContainerView): JsonObject[] {
  const present = new Set(
    listOf(fieldOf(view, container.value, 'dependsOn')).map((item) =>
      isObject(item) ? referenceText(fieldOf(view, item, 'containerName')) : undefined,
    ),
  );
  return recipe.dependsOn.flatMap(({ part, condition }) => {
    const containerName = names[part];
    if (containerName === undefined || present.has(containerName)) return [];
    return [{ containerName: nameIn(view, containerName), condition }];
  });
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
