import jsonpatch from 'fast-json-patch';
import {
  findTaskUndo,
  forcedTaskUndo,
  keepTaskUndo,
  sameButDefaults,
  taskUndoOperations,
} from '../../documents/undo/task-undo.js';
import { undoRecord } from '../../documents/undo/undo.js';
import type { TaskOutcome } from '../../engine/instrument-task.js';
import { OutriderError } from '../../model/error.js';
import { isArray, isObject, listOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { valueAt } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import { unrecordedAgent } from './unrecorded-agent.js';

/** The result of these settings for a task that `inject` wrote. */
export type TaskUpdate =
  | {
      readonly outcome: TaskOutcome;
      readonly operations: readonly Operation[];
      /** How to undo everything, if the file keeps no record. */
      readonly record?: string;
    }
  /** Why the task stays as it is although these settings would write something else. */
  | { readonly stale: string };

/**
 * Decides on a task that `inject` wrote for other settings. It first restores the task by the record in it (W18).
 *
 * @param current the task as it is, with the decision about it
 * @param decide decides on a task
 * @param kept the record that `--undo-file` names, for a Dockerrun
 * @returns `undefined` if there is no record, or these settings write what is already there
 */
export async function updateTask(
  template: TaskTemplate,
  current: { readonly value: JsonObject; readonly outcome: TaskOutcome },
  decide: (template: TaskTemplate) => Promise<TaskOutcome>,
  kept: string | undefined,
): Promise<TaskUpdate | undefined> {
  const record = template.format === 'dockerrun' ? kept : undefined;
  if (record === undefined && findTaskUndo(template) === undefined) return unrecorded(template, current, decide);
  const { back, stale } = wayBack(template, record);
  // People remove the key's placeholder from the agent, so a Dockerrun's record often does not fit.
  if (back === undefined || (record !== undefined && stale !== undefined)) return unrecorded(template, current, decide);
  const original = { ...template, value: applied(template.value, back) };
  const outcome = await decide(original);
  const { agent, patch } = outcome;
  if (agent === undefined || patch.length === 0) return undefined;
  const again = keepTaskUndo(original, patch, agent);
  const wanted = withoutRecord({ ...template, value: applied(original.value, again) });
  const found = withoutRecord({ ...template, value: current.value });
  // Settings without a source for the key do not ask to remove it from the agent.
  const hindrance = stale ?? (lacksKey(outcome) && !lacksKey(current.outcome) ? keyLost : undefined);
  if (hindrance !== undefined) return isCovered(valueAt(wanted, agent), found) ? undefined : { stale: hindrance };
  if (sameButDefaults(found, wanted)) return undefined;
  const anew = record === undefined ? {} : { record: undoRecord(original.value, again) };
  return { outcome, operations: [...back, ...again], ...anew };
}

/** For a file that has no place for a record, when no record that belongs to it is given. */
async function unrecorded(
  template: TaskTemplate,
  current: { readonly value: JsonObject; readonly outcome: TaskOutcome },
  decide: (template: TaskTemplate) => Promise<TaskOutcome>,
): Promise<TaskUpdate | undefined> {
  if (template.format !== 'dockerrun') return undefined;
  const stale = await unrecordedAgent(template, current, decide);
  return stale === undefined ? undefined : { stale };
}

function wayBack(
  template: TaskTemplate,
  record: string | undefined,
): {
  readonly back?: readonly Operation[] | undefined;
  readonly stale?: string;
} {
  try {
    return { back: taskUndoOperations(template, record) };
  } catch (error) {
    if (!(error instanceof OutriderError) || error.code !== 'undo_stale') throw error;
    return { back: forcedTaskUndo(template, record), stale: error.message };
  }
}

const keyLost =
  'these settings give the access key no source, which the agent that is there has: give accessKeySecretArn, too';

function lacksKey({ decision }: TaskOutcome): boolean {
  return decision.steps.some(({ reason }) => reason === 'access_key_not_given');
}

/** Whether a container of the task has everything that the agent's container would get. */
function isCovered(agent: JsonValue | undefined, task: JsonValue): boolean {
  if (covers(task, agent)) return true;
  if (isArray(task)) return task.some((inside) => isCovered(agent, inside));
  return isObject(task) && Object.values(task).some((inside) => inside !== undefined && isCovered(agent, inside));
}

function covers(found: JsonValue | undefined, wanted: JsonValue | undefined): boolean {
  if (isArray(wanted)) return wanted.every((member) => listOf(found).some((inside) => covers(inside, member)));
  if (!isObject(wanted)) return found === wanted || wanted === undefined;
  return isObject(found) && Object.keys(wanted).every((key) => covers(found[key], wanted[key]));
}

function withoutRecord(template: TaskTemplate): JsonObject {
  const found = findTaskUndo(template);
  return found === undefined ? template.value : applied(template.value, [{ op: 'remove', path: found.path }]);
}

function applied(value: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch<JsonObject>(value, structuredClone([...operations]), true, false).newDocument;
}
