import type { Finding } from '../../model/decision.js';
import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import { pointerInDocument, type TaskTemplate } from '../../model/task.js';
import { asFunctions, dialectOf, isIntrinsic, referenceText, type TaskDialect } from './dialect.js';
import { misspelt } from './keys.js';

/** One container of a task. `value` is the container as it came. */
export interface TaskContainerView {
  readonly name: string;
  /** The reference as it is written; for an intrinsic function the text that stands for it. */
  readonly image: string;
  /** The image is only known at deployment, so it cannot be looked up before. */
  readonly imageIsIntrinsic: boolean;
  readonly list: 'containers';
  readonly index: number;
  /** JSON pointer inside the object that the task is in. */
  readonly pointer: string;
  readonly value: JsonObject;
}

/** A task, opened. */
export interface TaskView {
  readonly dialect: TaskDialect;
  /** JSON pointer of the object that the task is in, inside its document. */
  readonly documentPath: string;
  /** The task's own fields; of a bare list of containers that list alone. */
  readonly task: JsonObject;
  /** JSON pointer of the list of containers, inside what the task is in. */
  readonly listPointer: string;
  readonly containers: readonly TaskContainerView[];
  /** Members of the list of containers that only deployment decides about. */
  readonly unknownContainers: readonly { readonly name: string; readonly pointer: string }[];
  readonly volumes: readonly JsonValue[];
  readonly fargate: boolean;
  /** A service of the same template lets people into its containers by ECS Exec. */
  readonly execEnabled: boolean;
}

/**
 * Opens a task for reading.
 *
 * @returns the view, or a finding that names the field which is not as a task has it
 */
export function readTask(template: TaskTemplate): TaskView | Finding {
  const dialect = dialectOf(template.format);
  const value = template.loops === undefined ? template.value : asFunctions(template.value, template.loops);
  const task = dialect.root === '' ? value : objectOf(value[dialect.root.slice(1)]);
  const problem = (pointer: string, what: string): Finding => ({
    reason: 'task_unreadable',
    detail: `${pointerInDocument(template, pointer)} ${what}`,
  });
  if (task === undefined) return problem(dialect.root, 'is not an object');
  // Where the record of a CloudFormation resource is kept.
  const metadata = template.format === 'cloudformation' ? value['Metadata'] : undefined;
  if (metadata !== undefined && metadata !== null && !isObject(metadata))
    return problem('/Metadata', 'is not an object');
  const wrong = misspelt(dialect, task);
  if (wrong !== undefined) return problem(dialect.root + wrong.pointer, wrong.what);
  const listKey = dialect.keyOf(task, 'containerDefinitions');
  const listPointer = `${dialect.root}/${pointerToken(listKey)}`;
  const list = task[listKey];
  if (isIntrinsic(list)) return unknown(template.path + listPointer);
  if (!isArray(list) || list.length === 0) return problem(listPointer, 'is not a list of containers');
  const containers: TaskContainerView[] = [];
  const unknownContainers: { name: string; pointer: string }[] = [];
  for (const [index, value] of list.entries()) {
    const pointer = `${listPointer}/${index}`;
    if (isIntrinsic(value)) {
      unknownContainers.push({ name: `${dialect.field('containerDefinitions')}/${index}`, pointer });
      continue;
    }
    const name = isObject(value) ? referenceText(value[dialect.keyOf(value, 'name')]) : undefined;
    if (!isObject(value) || name === undefined || name === '')
      return problem(pointer, 'is not a container with a name');
    const image = value[dialect.keyOf(value, 'image')];
    containers.push({
      name,
      image: referenceText(image) ?? '',
      imageIsIntrinsic: isIntrinsic(image),
      list: 'containers',
      index,
      pointer,
      value,
    });
  }
  const volumes = task[dialect.keyOf(task, 'volumes')];
  const compatibilities = task[dialect.keyOf(task, 'requiresCompatibilities')];
  return {
    dialect,
    documentPath: template.path,
    task,
    listPointer,
    containers,
    unknownContainers,
    volumes: listOf(volumes),
    fargate: isArray(compatibilities) && compatibilities.includes('FARGATE'),
    execEnabled: template.execEnabled === true,
  };
}

/** A field of a container, by its name in the ECS API. */
export function fieldOf(view: TaskView, container: JsonObject, name: string): JsonValue | undefined {
  return container[view.dialect.keyOf(container, name)] ?? undefined;
}

/** A field of the task itself, by its name in the ECS API. */
export function taskField(view: TaskView, name: string): JsonValue | undefined {
  return view.task[view.dialect.keyOf(view.task, name)] ?? undefined;
}

/** A text of the task itself; `undefined` also where only deployment decides. */
export function taskText(view: TaskView, name: string): string | undefined {
  return stringOf(taskField(view, name));
}

/** JSON pointer of a field of a container, inside the object that the task is in. */
export function pointerOf(view: TaskView, container: TaskContainerView, ...names: readonly string[]): string {
  let owner: JsonObject = container.value;
  let pointer = container.pointer;
  for (const name of names) {
    const key = view.dialect.keyOf(owner, name);
    pointer += `/${pointerToken(key)}`;
    owner = objectOf(owner[key]) ?? {};
  }
  return pointer;
}

/** JSON pointer of a field of the task itself, inside what the task is in. */
export function taskPointer({ dialect, task }: TaskView, name: string): string {
  return `${dialect.root}/${pointerToken(dialect.keyOf(task, name))}`;
}

/** The finding for a value that only deployment decides about. */
export function unknown(documentPointer: string): Finding {
  return { reason: 'intrinsic_unresolved', detail: `${documentPointer} is only known at deployment` };
}

/** Whether a task's own fields can be written: a bare list of containers has no place for any. */
export function hasTaskLevel({ dialect }: TaskView): boolean {
  return dialect.format !== 'containers';
}
