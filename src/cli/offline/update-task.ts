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

/** What a task that `inject` wrote comes to under these settings. */
export type TaskUpdate =
  | {
      readonly outcome: TaskOutcome;
      readonly operations: readonly Operation[];
      /** How the whole is taken back, where the file keeps no record. */
      readonly record?: string;
    }
  /** Why it stays as it is, although these settings would write something else. */
  | { readonly stale: string };

/**
 * Decides on a task that `inject` wrote for other settings as on what it was before, by the record in it (W18).
 *
 * @param current the task with what was decided on it as it is
 * @param decide decides on a task
 * @param kept the record that `--undo-file` names, for a Dockerrun
 * @returns `undefined` where there is no record, or these settings write what is there
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
  // The key's place in the agent is for people to take out, so that the record of a Dockerrun may well not fit.
  if (back === undefined || (record !== undefined && stale !== undefined)) return unrecorded(template, current, decide);
  const original = { ...template, value: applied(template.value, back) };
  const outcome = await decide(original);
  const { agent, patch } = outcome;
  if (agent === undefined || patch.length === 0) return undefined;
  const again = keepTaskUndo(original, patch, agent);
  const wanted = withoutRecord({ ...template, value: applied(original.value, again) });
  const found = withoutRecord({ ...template, value: current.value });
  // Settings without the key's source are no wish to take it from the agent.
  const hindrance = stale ?? (lacksKey(outcome) && !lacksKey(current.outcome) ? keyLost : undefined);
  if (hindrance !== undefined) return isCovered(valueAt(wanted, agent), found) ? undefined : { stale: hindrance };
  if (sameButDefaults(found, wanted)) return undefined;
  const anew = record === undefined ? {} : { record: undoRecord(original.value, again) };
  return { outcome, operations: [...back, ...again], ...anew };
}

/** Of a file that has no place for a record, and of which none is given that belongs to it. */
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

/** Whether a container of the task has all that the agent's would be given. */
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
