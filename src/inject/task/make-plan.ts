import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { isObject, listOf, stringOf } from '../../model/json.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { taskPid1 } from './argv.js';
import { isIntrinsic } from './dialect.js';
import { portTaken, takenPort } from '../ports.js';
import type { OwnTaskContainers } from './identify.js';
import { platformRemarks, sharesNetwork } from './platform.js';
import { namesOfParts, planParts, volumeNameIn } from './parts.js';
import { isAgentOnly, type PlannedTask, type TaskPlan } from './plan.js';
import { variablesOf } from './variables.js';
import {
  fieldOf,
  hasTaskLevel,
  taskField,
  taskPointer,
  taskText,
  unknown,
  type TaskContainerView,
  type TaskView,
} from './view.js';
import { startedBefore } from './waits.js';
import { planTaskContainer } from './workload.js';

/** Everything a task's plan is made of. */
export interface TaskPlanInput {
  readonly view: TaskView;
  readonly recipe: TaskRecipe;
  readonly wishes: Wishes;
  readonly own: OwnTaskContainers;
  readonly selected: readonly TaskContainerView[];
  /** Whether containers whose name only deployment knows are asked for, and so reported. */
  readonly asksForUnknown: boolean;
  readonly imageOf: (container: TaskContainerView) => ImageOutcome | undefined;
}

const nothing = { plan: undefined, containers: [], remarks: [], tampered: undefined };

/** Plans the instrumentation of a task. Nothing that is there already is planned again (E17). */
export function makeTaskPlan({ view, own, selected, asksForUnknown, imageOf, ...asked }: TaskPlanInput): PlannedTask {
  const recipe = asWished(asked.recipe, asked.wishes);
  const names = namesOfParts(view, recipe, own);
  if ('reason' in names) return { ...nothing, obstacle: names };
  const volume = recipe.volume && volumeNameIn(view, recipe.volume.name);
  const parts = [own.agent, own.init].filter((part) => part !== undefined);
  const before = startedBefore(view, parts);
  const context = { view, recipe, names, volumeName: volume?.name, before };
  const agentOnly = isAgentOnly(recipe);
  const results = selected.map((container) => planTaskContainer(container, imageOf(container), context));
  const workload = results.flatMap(({ plan }) => (plan === undefined ? [] : [plan]));
  const unknownContainers = (asksForUnknown && !agentOnly ? view.unknownContainers : []).map(
    ({ name, pointer }): ContainerFinding => {
      return { name, list: 'containers', leftOut: unknown(view.documentPath + pointer) };
    },
  );
  const said = {
    containers: agentOnly
      ? [{ name: names.agent, list: 'containers' as const }]
      : [...results.map(({ finding }) => finding), ...unknownContainers],
    tampered: agentOnly
      ? reservedOfAgent(view, recipe, own)
      : results.find(({ tampered }) => tampered !== undefined)?.tampered,
  };
  const remarks = results.flatMap((result) => result.remarks);
  if (workload.length === 0 && !agentOnly) return { ...said, plan: undefined, remarks, obstacle: undefined };
  const planned = planParts(view, recipe, own, names, volume?.name);
  const plan: TaskPlan = {
    view,
    recipe,
    workload,
    parts: planned.parts,
    volumes: [...(volume === undefined || volume.present ? [] : [{ name: volume.name }]), ...planned.volumes],
    addPidMode: makesPidMode(view, recipe),
  };
  return {
    ...said,
    plan,
    remarks: [...remarks, ...planned.remarks, ...platformRemarks(plan, selected)],
    obstacle: planned.obstacle,
  };
}

/** The recipe without what the policy does not wish for. */
function asWished(recipe: TaskRecipe, { capability }: Wishes): TaskRecipe {
  if (capability !== 'Never') return recipe;
  return { ...recipe, capabilities: [], agent: { ...recipe.agent, capabilities: [] } };
}

/** Whether the instrumentation is what makes the task's containers share a process namespace. */
function makesPidMode(view: TaskView, { sharePidNamespace }: TaskRecipe): boolean {
  if (view.dialect.format === 'dockerrun' || !hasTaskLevel(view)) return false;
  return sharePidNamespace && taskField(view, 'pidMode') === undefined;
}

/**
 * Finds a container that has to be process 1, in a task that would get `pidMode: task` (F22).
 *
 * @param imageOf what is known about a container's image; what is not known counts as no
 */
export function findTaskPid1(
  view: TaskView,
  recipe: TaskRecipe,
  workload: readonly TaskContainerView[],
  imageOf: TaskPlanInput['imageOf'],
): Finding | undefined {
  if (!makesPidMode(view, recipe)) return undefined;
  for (const container of workload) {
    const word = taskPid1(view, container, imageOf(container));
    if (word === undefined) continue;
    const detail = `container ${container.name}: ${word} has to be process 1, which it is not with pidMode task`;
    return { reason: 'pid1_in_pod', detail };
  }
  return undefined;
}

/** A reserved variable that an agent which is there has otherwise than it would be given. */
function reservedOfAgent(
  view: TaskView,
  { agent, reservedEnv }: TaskRecipe,
  own: OwnTaskContainers,
): Finding | undefined {
  if (own.agent === undefined) return undefined;
  const wanted = new Map(agent.env.map(({ name, value }) => [name, value]));
  for (const [name, value] of variablesOf(view, own.agent)) {
    if (!reservedEnv.has(name) || wanted.get(name) === value) continue;
    return { reason: 'tampered', detail: `container ${own.agent.name} sets the reserved variable ${name}` };
  }
  return undefined;
}

/** Something about the whole task that rules the instrumentation out; which of these apply is the profile's data. */
export function findTaskObstacle(
  view: TaskView,
  recipe: TaskRecipe,
  workload: readonly TaskContainerView[],
): Finding | undefined {
  if (recipe.agent.hostMounts.length > 0 && !hasTaskLevel(view)) {
    const detail =
      'a bare list of container definitions has no volumes, by which the agent sees the container instance';
    return { reason: 'task_unsupported', detail };
  }
  if (recipe.agent.hostMounts.length > 0) {
    const compatibilities = taskField(view, 'requiresCompatibilities');
    if (isIntrinsic(compatibilities) || listOf(compatibilities).some(isIntrinsic)) {
      return unknown(view.documentPath + taskPointer(view, 'requiresCompatibilities'));
    }
    if (view.fargate) return { reason: 'no_host', detail: 'requiresCompatibilities names FARGATE, which has no host' };
  }
  const platform = taskField(view, 'runtimePlatform');
  const family = isObject(platform) ? fieldOf(view, platform, 'operatingSystemFamily') : undefined;
  if (recipe.skipWhen.has('windows') && typeof family === 'string' && family.startsWith('WINDOWS')) {
    return { reason: 'windows', detail: `the task is for ${family}` };
  }
  if (recipe.skipWhen.has('host_network') && taskText(view, 'networkMode') === 'host') {
    return { reason: 'host_network', detail: 'networkMode is host' };
  }
  const pidMode = taskField(view, 'pidMode');
  if (recipe.skipWhen.has('host_pid') && pidMode === 'host') return { reason: 'host_pid', detail: 'pidMode is host' };
  for (const field of ['pidMode', 'volumes']) {
    if (isIntrinsic(taskField(view, field))) {
      return unknown(view.documentPath + taskPointer(view, field));
    }
  }
  for (const container of workload) {
    for (const mapping of listOf(fieldOf(view, container.value, 'portMappings'))) {
      if (!isObject(mapping) || !sharesNetwork(view)) continue;
      const protocol = stringOf(fieldOf(view, mapping, 'protocol')) ?? 'tcp';
      const number = Number(fieldOf(view, mapping, 'containerPort'));
      const taken = takenPort(recipe.agent.ports, number, protocol.toUpperCase());
      if (taken !== undefined) return portTaken(container.name, taken);
    }
  }
  return undefined;
}
