import { isArray, isObject, listOf, objectOf, stringOf, type JsonValue } from '../../model/json.js';
import { OutriderError } from '../../model/error.js';
import { names } from '../../model/names.js';
import { pointerToken, valueAt, writePointer } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import { keyInAnyCase } from '../../model/task-keys.js';
import { toTheLetter, type Comparison } from './rehearse.js';
import { joinUndo, undoOperationsOf, undoRecord, withUndoAt } from './undo.js';

const key = pointerToken(names.undo);

/** Where a task keeps the record of how its instrumentation is taken back. */
export interface TaskUndo {
  /** JSON pointer inside the object that the task is in. */
  readonly path: string;
  readonly record: string;
}

/**
 * The record that a task carries: an ECS task definition in the `dockerLabels` of a container, a CloudFormation
 * resource in its `Metadata`. A Dockerrun has no place for one.
 */
export function findTaskUndo({ format, value }: TaskTemplate): TaskUndo | undefined {
  if (format === 'cloudformation') {
    const record = stringOf(objectOf(value['Metadata'])?.[names.undo]);
    return record === undefined ? undefined : { path: `/Metadata/${key}`, record };
  }
  const list = keyInAnyCase(value, 'containerDefinitions');
  for (const [index, container] of listOf(value[list]).entries()) {
    if (!isObject(container)) continue;
    const labels = keyInAnyCase(container, 'dockerLabels');
    const record = stringOf(objectOf(container[labels])?.[names.undo]);
    if (record === undefined) continue;
    return { path: writePointer([list, `${index}`, labels, names.undo]), record };
  }
  return undefined;
}

/**
 * A task's operations with the record of how they are taken back. A task that carries one already gets one that takes
 * back both.
 *
 * @param agent JSON pointer of the agent's container once the operations are applied
 * @throws OutriderError `undo_stale` when the task's own record cannot be read
 */
export function keepTaskUndo(
  template: TaskTemplate,
  operations: readonly Operation[],
  agent: string,
): readonly Operation[] {
  if (template.format === 'dockerrun' || operations.length === 0) return operations;
  const earlier = findTaskUndo(template);
  const labels = keyInAnyCase(objectOf(valueAt(template.value, agent)) ?? {}, 'dockerLabels');
  const own = template.format === 'cloudformation' ? `/Metadata/${key}` : `${agent}/${pointerToken(labels)}/${key}`;
  if (earlier === undefined) return withUndoAt(template.value, operations, own);
  const record = joinUndo(undoRecord(template.value, operations), earlier.record);
  return [...operations, { op: 'add', path: earlier.path, value: record }];
}

/**
 * The operations that give a task back as it was; none when it carries no record.
 *
 * @throws OutriderError `undo_stale` when it was edited since in a place that would have to be taken back
 */
export function taskUndoOperations(template: TaskTemplate, record?: string): readonly Operation[] {
  if (record !== undefined) return undoOperationsOf(template.value, record, undefined);
  const found = findTaskUndo(template);
  if (found === undefined) return [];
  // ECS gives a task definition back with its defaults filled in.
  const how = template.format === 'cloudformation' ? toTheLetter : { ...toTheLetter, same: sameButDefaults };
  return undoOperationsOf(template.value, found.record, found.path, {}, how);
}

/**
 * The operations that a task's record asks for, whatever was edited since; `undefined` where they cannot be carried out.
 * What comes out may be compared, and is never written.
 *
 * @param record one that is kept elsewhere
 */
export function forcedTaskUndo(template: TaskTemplate, record?: string): readonly Operation[] | undefined {
  const found = record === undefined ? findTaskUndo(template) : { path: undefined, record };
  if (found === undefined) return undefined;
  try {
    return undoOperationsOf(template.value, found.record, found.path, {}, whateverThere);
  } catch (error) {
    if (error instanceof OutriderError && error.code === 'undo_stale') return undefined;
    throw error;
  }
}

const whateverThere: Comparison = { ...toTheLetter, same: () => true, hasHash: () => true };

/**
 * Equality except for fields that say nothing, as `describe-task-definition` adds them: 0, false, empty lists and
 * objects.
 */
export function sameButDefaults(found: JsonValue | undefined, left: JsonValue): boolean {
  if (isArray(left)) {
    return isArray(found) && found.length === left.length && left.every((item, at) => sameButDefaults(found[at], item));
  }
  if (!isObject(left)) return found === left;
  if (!isObject(found)) return false;
  return Object.keys({ ...left, ...found }).every((name) => {
    const [now, then] = [found[name], left[name]];
    return then === undefined ? isDefault(now) : sameButDefaults(now, then);
  });
}

function isDefault(value: JsonValue | undefined): boolean {
  if (isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === 0 || value === false || value === '';
}
