import type { Finding } from '../../model/decision.js';
import { isArray, isObject, listOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import type { TaskEnv, TaskRecipe } from '../../model/task-recipe.js';
import { freeName, mostSuffixes } from '../free-name.js';
import { isSamePlace } from '../path.js';
import { missingCapabilities, unknownCapabilities } from './capability.js';
import { isIntrinsic } from './dialect.js';
import { planTaskHostMounts } from './host-mounts.js';
import type { OwnTaskContainers } from './identify.js';
import { healthCheckOf, isAgentOnly, type GivenSecret, type TaskPart, type TaskPartGaps } from './plan.js';
import { filledIn, keysIn, missingKey, plainVariable, secretVariable, variablesOf } from './variables.js';
import { fieldOf, hasTaskLevel, pointerOf, taskField, unknown, type TaskContainerView, type TaskView } from './view.js';
import { waitsForUnknown } from './waits.js';

/** Our containers in a task, with remarks. */
export interface PlannedParts {
  readonly parts: readonly TaskPart[];
  /** Volumes that the task lacks for the agent. */
  readonly volumes: readonly JsonObject[];
  readonly remarks: readonly Finding[];
  readonly obstacle: Finding | undefined;
}

/** Names for our containers: those they have, else free ones. */
export interface PartNames {
  readonly agent: string;
  readonly init: string | undefined;
}

/** Chooses the names of our containers; a name that is taken gets a suffix. */
export function namesOfParts(view: TaskView, recipe: TaskRecipe, own: OwnTaskContainers): PartNames | Finding {
  const agent = own.agent?.name ?? freeContainerName(view, recipe.agent.name);
  const base = recipe.volume?.init.name;
  const init = own.init?.name ?? (base === undefined ? undefined : freeContainerName(view, base));
  if (agent === undefined || (base !== undefined && init === undefined)) {
    return { reason: 'task_unreadable', detail: 'the names of the instrumentation’s containers are all taken' };
  }
  return { agent, init };
}

/** Plans our containers: new ones whole, those that are there already with what they lack. */
export function planParts(
  view: TaskView,
  recipe: TaskRecipe,
  own: OwnTaskContainers,
  names: PartNames,
  volumeName: string | undefined,
): PlannedParts {
  const host = planTaskHostMounts(view, own.agent, recipe.agent.hostMounts);
  if ('reason' in host) return { parts: [], volumes: [], remarks: [], obstacle: host };
  const remarks: Finding[] = [...host.remarks];
  const init = plannedInit(view, recipe, own, names, volumeName);
  const agent = plannedAgent(view, recipe, own, names, host.mountPoints, remarks);
  const obstacle = unknownAgent(view, recipe, own) ?? missingKey(view, recipe, own.agent, remarks);
  const parts = init === undefined ? [agent] : [init, agent];
  for (const { part, name, present } of parts) {
    const base = part === 'agent' ? recipe.agent.name : recipe.volume?.init.name;
    if (present === undefined && name !== base) {
      remarks.push({ reason: 'name_suffixed', detail: `container ${base ?? ''} is taken; ours is ${name}` });
    }
  }
  return { parts, volumes: host.volumes, remarks, obstacle };
}

/** The container that fills the volume; `undefined` where the task needs none. */
function plannedInit(
  view: TaskView,
  { agent, volume, toolsPath }: TaskRecipe,
  own: OwnTaskContainers,
  names: PartNames,
  volumeName: string | undefined,
): TaskPart | undefined {
  const name = names.init;
  if (volume === undefined || name === undefined || volumeName === undefined) return undefined;
  const { init } = volume;
  const mount = { sourceVolume: volumeName, containerPath: toolsPath, readOnly: false };
  if (own.init !== undefined) {
    return { part: 'init', name, present: own.init, lacks: initGaps(view, own.init, mount, toolsPath) };
  }
  const value = {
    name,
    image: init.image,
    essential: false,
    ...(init.user === undefined ? {} : { user: init.user }),
    command: init.command,
    mountPoints: [mount],
    ...(needsOwnMemory(view) ? { memoryReservation: agent.memoryReservationMiB } : {}),
    ...pullSecret(view, agent),
  };
  return { part: 'init', name, present: undefined, value };
}

function plannedAgent(
  view: TaskView,
  recipe: TaskRecipe,
  own: OwnTaskContainers,
  names: PartNames,
  mountPoints: readonly JsonObject[],
  remarks: Finding[],
): TaskPart {
  const name = names.agent;
  const env = recipe.agent.env.filter(({ fargateOnly }) => !fargateOnly || view.fargate);
  const { secrets, placeholders } = keysIn(view, recipe);
  if (own.agent !== undefined) {
    const lacks = agentGaps(view, own.agent, recipe, env, secrets, mountPoints, remarks);
    return { part: 'agent', name, present: own.agent, lacks };
  }
  const value = {
    ...newAgent(view, name, recipe, [...placeholders, ...env], secrets, mountPoints),
    ...memoryOf(view, recipe),
  };
  return { part: 'agent', name, present: undefined, value };
}

/** Fields of an existing agent that we would have to add to but whose form is only known at deployment. */
function unknownAgent(view: TaskView, recipe: TaskRecipe, { agent }: OwnTaskContainers): Finding | undefined {
  if (agent === undefined) return undefined;
  const intrinsic = ['environment', 'secrets'].find((field) => isIntrinsic(fieldOf(view, agent.value, field)));
  if (intrinsic !== undefined) return unknown(view.documentPath + pointerOf(view, agent, intrinsic));
  if (!isAgentOnly(recipe) && waitsForUnknown(view, agent)) {
    return unknown(view.documentPath + pointerOf(view, agent, 'dependsOn'));
  }
  const opaque = recipe.agent.capabilities.length === 0 ? undefined : unknownCapabilities(view, agent);
  return opaque === undefined ? undefined : unknown(view.documentPath + opaque);
}

function memoryOf(view: TaskView, { agent }: TaskRecipe): JsonObject {
  if (agent.memoryMiB !== undefined) return { memory: agent.memoryMiB };
  if (!needsOwnMemory(view)) return {};
  const { memoryLimitMiB, memoryReservationMiB } = agent;
  return memoryLimitMiB === undefined ? { memoryReservation: memoryReservationMiB } : { memory: memoryLimitMiB };
}

function newAgent(
  view: TaskView,
  name: string,
  { agent }: TaskRecipe,
  env: readonly TaskEnv[],
  secrets: readonly GivenSecret[],
  mountPoints: readonly JsonObject[],
): JsonObject {
  const securityOptions = view.dialect.format === 'dockerrun' ? agent.dockerrunSecurityOptions : [];
  return {
    name,
    image: agent.image,
    essential: agent.essential,
    environment: env.map(plainVariable),
    ...(secrets.length === 0 ? {} : { secrets: secrets.map(secretVariable) }),
    ...(agent.capabilities.length === 0 ? {} : { linuxParameters: { capabilities: { add: agent.capabilities } } }),
    ...(mountPoints.length === 0 ? {} : { mountPoints }),
    ...(securityOptions.length === 0 ? {} : { dockerSecurityOptions: securityOptions }),
    ...agentFields(view, agent),
  };
}

/** How ECS pulls an image of ours; a Dockerrun has its own way. */
function pullSecret(view: TaskView, { repositoryCredentials }: TaskRecipe['agent']): JsonObject {
  if (repositoryCredentials === undefined || view.dialect.format === 'dockerrun') return {};
  return { repositoryCredentials: { credentialsParameter: filledIn(repositoryCredentials) } };
}

function agentFields(view: TaskView, agent: TaskRecipe['agent']): JsonObject {
  const { healthCheck, log, cpuUnits } = agent;
  return {
    ...pullSecret(view, agent),
    ...(cpuUnits === undefined ? {} : { cpu: cpuUnits }),
    ...(healthCheck === undefined ? {} : { healthCheck: healthCheckOf(healthCheck) }),
    ...(log === undefined ? {} : { logConfiguration: { logDriver: log.driver, options: log.options } }),
  };
}

function agentGaps(
  view: TaskView,
  agent: TaskContainerView,
  recipe: TaskRecipe,
  env: readonly TaskEnv[],
  secrets: readonly GivenSecret[],
  mountPoints: readonly JsonObject[],
  remarks: Finding[],
): TaskPartGaps {
  const present = variablesOf(view, agent);
  for (const { name, value } of env) {
    if (present.has(name) && present.get(name) !== value) {
      remarks.push({ reason: 'env_kept', detail: `container ${agent.name} sets ${name} itself` });
    }
  }
  // For a container of their own, the user decides whether the task stops with it. An absent field means true (W32).
  const { memoryMiB } = recipe.agent;
  const fields: JsonObject = {
    ...agentFields(view, recipe.agent),
    ...(memoryMiB === undefined ? {} : { memory: memoryMiB }),
  };
  return {
    env: env.filter(({ name }) => !present.has(name)),
    secrets: secrets.filter(({ name }) => !present.has(name)),
    mountPoints,
    capabilities: missingCapabilities(view, agent, recipe.agent.capabilities, remarks),
    securityOptions: missingSecurityOptions(view, agent, recipe.agent.dockerrunSecurityOptions),
    fields: Object.fromEntries(
      Object.entries(fields).filter(([name]) => fieldOf(view, agent.value, name) === undefined),
    ),
  };
}

/** Security options that a Dockerrun's agent lacks; one of the same kind, as another AppArmor profile, stays. */
function missingSecurityOptions(
  view: TaskView,
  agent: TaskContainerView,
  wanted: readonly string[],
): readonly string[] {
  if (view.dialect.format !== 'dockerrun') return [];
  const kindOf = (option: JsonValue): string => (stringOf(option) ?? '').replace(/:.*$/, '');
  const present = new Set(listOf(fieldOf(view, agent.value, 'dockerSecurityOptions')).map(kindOf));
  return wanted.filter((option) => !present.has(kindOf(option)));
}

function initGaps(view: TaskView, init: TaskContainerView, mount: JsonObject, path: string): TaskPartGaps {
  const mounts = listOf(fieldOf(view, init.value, 'mountPoints'));
  const has = mounts.some((item) => {
    const at = isObject(item) ? fieldOf(view, item, 'containerPath') : undefined;
    return typeof at === 'string' && isSamePlace(at, path);
  });
  return { env: [], secrets: [], mountPoints: has ? [] : [mount], capabilities: [], securityOptions: [], fields: {} };
}

/** Each container needs memory of its own where the task as a whole sets none (ECS, "Task size"). */
function needsOwnMemory(view: TaskView): boolean {
  if (view.dialect.format === 'dockerrun') return true;
  // If this is unknown for the task, its containers show it: each has its own memory if the task sets none.
  if (!hasTaskLevel(view)) return view.containers.every((container) => hasOwnMemory(view, container));
  return !view.fargate && taskField(view, 'memory') === undefined;
}

function hasOwnMemory(view: TaskView, { value }: TaskContainerView): boolean {
  return ['memory', 'memoryReservation'].some((field) => fieldOf(view, value, field) !== undefined);
}

function freeContainerName(view: TaskView, base: string): string | undefined {
  return freeName(base, (name) => view.containers.some((container) => container.name === name), mostSuffixes);
}

/** A name for our volume that no other volume has; one that holds nothing of its own is ours. */
export function volumeNameIn(view: TaskView, base: string): { readonly name: string; readonly present: boolean } {
  const volumeOf = (name: string): JsonObject | undefined =>
    view.volumes.filter(isObject).find((volume) => fieldOf(view, volume, 'name') === name);
  const name = freeName(base, (tried) => {
    const found = volumeOf(tried);
    return found !== undefined && !isBare(view, found);
  });
  return { name, present: volumeOf(name) !== undefined };
}

/** An empty volume: nothing besides its name but what ECS prints for nothing. */
function isBare(view: TaskView, volume: JsonObject): boolean {
  return Object.entries(volume).every(
    ([key, value]) =>
      key === view.dialect.keyOf(volume, 'name') ||
      value === null ||
      (isObject(value) && Object.keys(value).length === 0) ||
      (isArray(value) && value.length === 0),
  );
}
