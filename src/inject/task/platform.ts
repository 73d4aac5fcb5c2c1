import type { Finding } from '../../model/decision.js';
import { isObject, listOf, stringOf, stringsOf } from '../../model/json.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import { speaksOfPid1 } from '../pid1.js';
import { isIntrinsic } from './dialect.js';
import type { TaskPlan } from './plan.js';
import { fieldOf, hasTaskLevel, taskField, taskText, type TaskContainerView, type TaskView } from './view.js';

/** Containers that a task definition may have (Amazon ECS, "Service quotas"; not adjustable). */
const mostContainers = 10;

/**
 * What the platform has to say about an instrumented task: what it does not support, and what cannot be written into
 * the file.
 *
 * @param containers those that were selected
 */
export function platformRemarks(plan: TaskPlan, containers: readonly TaskContainerView[]): readonly Finding[] {
  const { view, recipe } = plan;
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
  return [
    ...remarks,
    ...taskLevelRemarks(plan),
    ...quotaRemarks(plan),
    ...execRemarks(view, recipe),
    ...pid1Remarks(view, recipe, containers),
  ];
}

/** Whether the containers of a task have one localhost. An unknown mode is treated as awsvpc. */
export function sharesNetwork(view: TaskView): boolean {
  const mode = taskField(view, 'networkMode');
  if (view.dialect.format === 'dockerrun') return false;
  if (!hasTaskLevel(view)) return true;
  return view.fargate || isIntrinsic(mode) || mode === 'awsvpc' || mode === 'host';
}

/** Settings for which a bare list of containers has no place, and which must be given at registration (W4). */
function taskLevelRemarks({ view, recipe, volumes }: TaskPlan): readonly Finding[] {
  if (hasTaskLevel(view)) return [];
  const { agent } = recipe;
  const onFargate = agent.env.filter(({ fargateOnly }) => fargateOnly).map(({ name, value }) => `${name}=${value}`);
  const wanted = [
    ...(recipe.sharePidNamespace ? ['pid_mode = "task"'] : []),
    ...volumes.map(({ name }) => `volume { name = "${stringOf(name) ?? ''}" }`),
    ...(agent.ports.length > 0 ? ['network_mode = "awsvpc"'] : []),
    ...(onFargate.length > 0 ? [`on Fargate ${onFargate.join(', ')} in the agent’s environment`] : []),
  ];
  if (wanted.length === 0) return [];
  return [{ reason: 'task_level_missing', detail: `the task has to have ${wanted.join(', ')}` }];
}

/** A task with more containers than ECS takes (W22). */
function quotaRemarks({ view, parts }: TaskPlan): readonly Finding[] {
  const added = parts.filter(({ present }) => present === undefined).length;
  const count = view.containers.length + view.unknownContainers.length + added;
  if (view.dialect.format === 'dockerrun' || count <= mostContainers) return [];
  const detail = `the task has ${count} containers, ${added} of them added; ECS takes ${mostContainers}`;
  return [{ reason: 'too_many_task_containers', detail }];
}

/** With one process namespace, ECS Exec gets into one container of the task alone (W22). */
function execRemarks(view: TaskView, recipe: TaskRecipe): readonly Finding[] {
  if (!recipe.sharePidNamespace || view.dialect.format === 'dockerrun' || view.containers.length < 1) return [];
  const prepared = view.containers.filter(({ value }) => {
    const parameters = fieldOf(view, value, 'linuxParameters');
    return isObject(parameters) && fieldOf(view, parameters, 'initProcessEnabled') === true;
  });
  const [first] = prepared;
  if (first === undefined && !view.execEnabled) return [];
  const why =
    first === undefined ? 'a service has EnableExecuteCommand' : `container ${first.name} has an init process`;
  const detail = `${why}; with pidMode task, ECS Exec opens sessions in one container of the task alone`;
  return [{ reason: 'exec_in_one_container', detail }];
}

/** What is to be said about health checks that take process 1 for the container's own. */
function pid1Remarks(view: TaskView, recipe: TaskRecipe, containers: readonly TaskContainerView[]): readonly Finding[] {
  if (!recipe.sharePidNamespace || view.dialect.format === 'dockerrun') return [];
  return containers.flatMap(({ name, value }): Finding[] => {
    const check = fieldOf(view, value, 'healthCheck');
    const command = isObject(check) ? (stringsOf(listOf(fieldOf(view, check, 'command'))) ?? []) : [];
    const detail = `container ${name}: its healthCheck speaks of process 1, which is none of the container’s`;
    return speaksOfPid1(command) ? [{ reason: 'pid1_assumed', detail }] : [];
  });
}
