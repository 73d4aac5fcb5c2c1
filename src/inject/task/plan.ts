import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { TaskEnv, TaskHealthCheck, TaskRecipe, TaskSecret } from '../../model/task-recipe.js';
import type { TaskArgv } from './argv.js';
import type { TaskContainerView, TaskView } from './view.js';

/** What one container of the workload gets. Lists hold only what it lacks. */
export interface TaskWorkloadPlan {
  readonly container: TaskContainerView;
  readonly argv: Exclude<TaskArgv, { readonly kind: 'left_out' }>;
  readonly env: readonly TaskEnv[];
  readonly capabilities: readonly string[];
  readonly volumesFrom: readonly JsonObject[];
  /** Places in its `volumesFrom` that name the agent in another case, which ECS does not find. */
  readonly misnamed: readonly number[];
  readonly mountPoints: readonly JsonObject[];
  readonly dependsOn: readonly JsonObject[];
}

/** A container of ours: a new one as it will be in the task, or what one that is there lacks. */
export type TaskPart = { readonly part: 'agent' | 'init'; readonly name: string } & (
  | { readonly present: undefined; readonly value: JsonObject }
  | { readonly present: TaskContainerView; readonly lacks: TaskPartGaps }
);

/** A secret whose source is known. */
export type GivenSecret = TaskSecret & { readonly valueFrom: string };

/** What a container of ours that is there already lacks. */
export interface TaskPartGaps {
  readonly env: readonly TaskEnv[];
  readonly secrets: readonly GivenSecret[];
  readonly mountPoints: readonly JsonObject[];
  readonly capabilities: readonly string[];
  readonly securityOptions: readonly string[];
  /** Whole fields, by their names in the ECS API. */
  readonly fields: JsonObject;
}

/** Everything that is added to a task. */
export interface TaskPlan {
  readonly view: TaskView;
  readonly recipe: TaskRecipe;
  readonly workload: readonly TaskWorkloadPlan[];
  /** In the order in which they are added. */
  readonly parts: readonly TaskPart[];
  /** The volumes that the task lacks. */
  readonly volumes: readonly JsonObject[];
  readonly addPidMode: boolean;
}

/** Whether a recipe only adds the agent, and leaves every other container as it is. */
export function isAgentOnly({ wrapper }: TaskRecipe): boolean {
  return wrapper.length === 0;
}

/** A plan, with remarks. */
export interface PlannedTask {
  /** `undefined` when no selected container can be instrumented. */
  readonly plan: TaskPlan | undefined;
  readonly containers: readonly ContainerFinding[];
  readonly remarks: readonly Finding[];
  readonly tampered: Finding | undefined;
  /** Something found on the way that rules the whole task out. */
  readonly obstacle: Finding | undefined;
}

/** A health check as the ECS API has it. */
export function healthCheckOf(check: TaskHealthCheck): JsonObject {
  return {
    command: check.command,
    interval: check.intervalSeconds,
    timeout: check.timeoutSeconds,
    retries: check.retries,
    startPeriod: check.startPeriodSeconds,
  };
}
