import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { isObject, listOf, stringOf, stringsOf } from '../../model/json.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { taskPid1 } from './argv.js';
import { isIntrinsic } from './dialect.js';
import { speaksOfPid1 } from '../pid1.js';
import { portTaken, takenPort } from '../ports.js';
import type { OwnTaskContainers } from './identify.js';
import { namesOfParts, planParts, volumeNameIn } from './parts.js';
import { isAgentOnly, type PlannedTask } from './plan.js';
import { variablesOf } from './variables.js';
import { fieldOf, taskField, taskText, unknown, type TaskContainerView, type TaskView } from './view.js';
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
  return {
    ...said,
    plan: {
      view,
      recipe,
      workload,
      parts: planned.parts,
      volumes: [...(volume === undefined || volume.present ? [] : [{ name: volume.name }]), ...planned.volumes],
      addPidMode: makesPidMode(view, recipe),
    },
    remarks: [...remarks, ...planned.remarks, ...platformRemarks(view, recipe), ...pid1Remarks(view, recipe, selected)],
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
  return sharePidNamespace && view.dialect.format !== 'dockerrun' && taskField(view, 'pidMode') === undefined;
}

/**
 * Finds a container that has to be process 1, in a task that would get `pidMode: task` (F22).
 *
 * @param imageOf what is known of a container's image; what is not known counts as no
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
  if (recipe.agent.hostMounts.length > 0) {
    const compatibilities = taskField(view, 'requiresCompatibilities');
    if (isIntrinsic(compatibilities) || listOf(compatibilities).some(isIntrinsic)) {
      return unknown(`${view.documentPath}${view.dialect.root}/${view.dialect.field('requiresCompatibilities')}`);
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
      return unknown(`${view.documentPath}${view.dialect.root}/${view.dialect.field(field)}`);
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

/** What is to be said of health checks that take process 1 for the container's own. */
function pid1Remarks(view: TaskView, recipe: TaskRecipe, containers: readonly TaskContainerView[]): readonly Finding[] {
  if (!recipe.sharePidNamespace || view.dialect.format === 'dockerrun') return [];
  return containers.flatMap(({ name, value }): Finding[] => {
    const check = fieldOf(view, value, 'healthCheck');
    const command = isObject(check) ? (stringsOf(listOf(fieldOf(view, check, 'command'))) ?? []) : [];
    const detail = `container ${name}: its healthCheck speaks of process 1, which is none of the container’s`;
    return speaksOfPid1(command) ? [{ reason: 'pid1_assumed', detail }] : [];
  });
}

function platformRemarks(view: TaskView, recipe: TaskRecipe): readonly Finding[] {
  const remarks: Finding[] = [];
  if (view.fargate) {
    remarks.push({ reason: 'fargate_platform', detail: 'pidMode task and SYS_PTRACE need platform version 1.4.0' });
  }
  if (view.dialect.format === 'dockerrun' && recipe.sharePidNamespace) {
    const detail = 'a Dockerrun file documents no pidMode: the containers do not share a process namespace';
    remarks.push({ reason: 'process_namespace_unavailable', detail });
  }
  if (!sharesNetwork(view) && recipe.agent.ports.length > 0) {
    const mode = view.dialect.format === 'dockerrun' ? 'bridge' : (taskText(view, 'networkMode') ?? 'bridge');
    remarks.push({
      reason: 'agent_unreachable',
      detail: `the network is ${mode}: localhost:${recipe.agent.ports[0]?.number ?? ''} of the agent is not that of the workload`,
    });
  }
  return remarks;
}

/** Whether the containers of a task have one localhost. A mode that only deployment decides is taken for awsvpc. */
function sharesNetwork(view: TaskView): boolean {
  const mode = taskField(view, 'networkMode');
  if (view.dialect.format === 'dockerrun') return false;
  return view.fargate || isIntrinsic(mode) || mode === 'awsvpc' || mode === 'host';
}
