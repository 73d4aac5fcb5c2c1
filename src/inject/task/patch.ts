import { isArray, isObject, listOf, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import type { TaskPart, TaskPlan, TaskWorkloadPlan } from './plan.js';
import { plainVariable, secretVariable } from './variables.js';
import { fieldOf, hasTaskLevel, pointerOf } from './view.js';

/**
 * The plan as operations. Pointers start at the object that the task is in. Nothing is removed, and no list is rewritten if
 * members can be added to it, so that the rest of a text stays as it is.
 */
export function buildTaskPatch(plan: TaskPlan): readonly Operation[] {
  const builder = new TaskPatchBuilder(plan);
  for (const each of plan.workload) builder.workload(each);
  for (const part of plan.parts) builder.part(part);
  return builder.finish();
}

class TaskPatchBuilder {
  readonly #plan: TaskPlan;
  readonly #operations: Operation[] = [];
  readonly #newContainers: JsonObject[] = [];

  constructor(plan: TaskPlan) {
    this.#plan = plan;
  }

  workload({ container, argv, env, capabilities, misnamed, ...lists }: TaskWorkloadPlan): void {
    const at = container.pointer;
    const own = container.value;
    if (capabilities.length > 0) this.#capabilities(at, own, capabilities);
    if (argv.kind === 'prepend') {
      const pointer = `${at}/${this.#key(own, 'entryPoint')}`;
      this.#plan.recipe.wrapper.forEach((value, index) => this.#add(`${pointer}/${index}`, value));
    } else if (argv.kind === 'override') {
      this.#fill(at, own, 'entryPoint', argv.entryPoint);
      if (argv.command !== undefined) this.#fill(at, own, 'command', argv.command);
    }
    this.#append(at, own, 'environment', env.map(plainVariable));
    for (const index of misnamed) {
      const source = pointerOf(this.#plan.view, container, 'volumesFrom');
      const item = objectOf(listOf(fieldOf(this.#plan.view, own, 'volumesFrom'))[index]) ?? {};
      const path = `${source}/${index}/${this.#key(item, 'sourceContainer')}`;
      const value = this.#plan.parts.find(({ part }) => part === 'agent')?.name ?? '';
      this.#operations.push({ op: 'replace', path, value });
    }
    this.#append(at, own, 'volumesFrom', lists.volumesFrom);
    this.#append(at, own, 'mountPoints', lists.mountPoints);
    this.#append(at, own, 'dependsOn', lists.dependsOn);
  }

  part(part: TaskPart): void {
    if (part.present === undefined) {
      this.#newContainers.push(part.value);
      return;
    }
    const { pointer, value } = part.present;
    const { env, secrets, mountPoints, capabilities, securityOptions, fields } = part.lacks;
    for (const [name, field] of Object.entries(fields))
      if (field !== undefined) this.#fill(pointer, value, name, field);
    this.#append(pointer, value, 'environment', env.map(plainVariable));
    this.#append(pointer, value, 'secrets', secrets.map(secretVariable));
    if (capabilities.length > 0) this.#capabilities(pointer, value, capabilities);
    this.#append(pointer, value, 'mountPoints', mountPoints);
    this.#append(pointer, value, 'dockerSecurityOptions', securityOptions);
  }

  finish(): readonly Operation[] {
    const { view, volumes, addPidMode } = this.#plan;
    const length = view.containers.length + view.unknownContainers.length;
    this.#newContainers.forEach((container, index) => {
      this.#add(`${view.listPointer}/${length + index}`, this.#write(container));
    });
    if (hasTaskLevel(view)) this.#append(view.dialect.root, view.task, 'volumes', volumes);
    if (addPidMode) this.#fill(view.dialect.root, view.task, 'pidMode', 'task');
    return this.#operations;
  }

  #capabilities(at: string, own: JsonObject, names: readonly string[]): void {
    const parameters = own[this.#key(own, 'linuxParameters')];
    if (!isObject(parameters)) {
      this.#fill(at, own, 'linuxParameters', { capabilities: { add: names } });
      return;
    }
    const inParameters = `${at}/${this.#key(own, 'linuxParameters')}`;
    const capabilities = parameters[this.#key(parameters, 'capabilities')];
    if (isObject(capabilities)) {
      this.#append(`${inParameters}/${this.#key(parameters, 'capabilities')}`, capabilities, 'add', names);
    } else this.#fill(inParameters, parameters, 'capabilities', { add: names });
  }

  /** Adds members to a list, which is made where there is none. */
  #append(at: string, owner: JsonObject, field: string, members: readonly JsonValue[]): void {
    if (members.length === 0) return;
    const list = owner[this.#key(owner, field)];
    if (!isArray(list)) {
      this.#fill(at, owner, field, members);
      return;
    }
    const pointer = `${at}/${this.#key(owner, field)}`;
    members.forEach((member, index) => this.#add(`${pointer}/${list.length + index}`, this.#write(member)));
  }

  /** Gives a field its value: one that is there, as null or an empty list, is replaced. */
  #fill(at: string, owner: JsonObject, field: string, value: JsonValue): void {
    const name = this.#key(owner, field);
    const path = `${at}/${pointerToken(name)}`;
    const written = this.#write(value);
    if (owner[name] === undefined) this.#add(path, written);
    else this.#operations.push({ op: 'replace', path, value: written });
  }

  #add(path: string, value: JsonValue): void {
    this.#operations.push({ op: 'add', path, value });
  }

  #key(owner: JsonObject, field: string): string {
    return this.#plan.view.dialect.keyOf(owner, field);
  }

  #write(value: JsonValue): JsonValue {
    return this.#plan.view.dialect.write(value);
  }
}

/** JSON pointer of the agent's container once the plan is carried out; it starts where the patch's pointers do. */
export function agentPointer({ view, parts }: TaskPlan): string | undefined {
  const agent = parts.find(({ part }) => part === 'agent');
  if (agent?.present !== undefined) return agent.present.pointer;
  const added = parts.filter(({ present }) => present === undefined);
  const at = added.findIndex(({ part }) => part === 'agent');
  const length = view.containers.length + view.unknownContainers.length;
  return at === -1 ? undefined : `${view.listPointer}/${length + at}`;
}
