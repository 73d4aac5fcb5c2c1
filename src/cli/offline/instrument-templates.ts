import jsonpatch from 'fast-json-patch';
import { keepSources } from '../../documents/undo/keep-sources.js';
import { keepTaskUndo } from '../../documents/undo/task-undo.js';
import { hasUndo, undoOperations, withUndo } from '../../documents/undo/undo.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { instrument } from '../../engine/instrument.js';
import type { Outcome } from '../../engine/outcome.js';
import { instrumentTask, type TaskOutcome } from '../../engine/instrument-task.js';
import type { Decision } from '../../model/decision.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { TemplateEditor } from '../files/edited-file.js';
import type { OfflineEngine } from './engine.js';
import { keepUndo } from './keep-undo.js';
import { updateTask } from './update-task.js';

/** What a decision about a pod template or a task came to. */
export type InstrumentedTemplate = InstrumentedPod | InstrumentedTask;

/** What a decision about a pod template came to. */
export interface InstrumentedPod extends TemplateEdit {
  readonly template: PodTemplate;
  readonly namespace: string;
  readonly outcome: Outcome;
  /** What the validating door would say of the result, where that is a denial. */
  readonly denial: Decision | undefined;
  /** Whether other settings cannot be brought in, since the record of the first injection does not fit (W18). */
  readonly isStale?: boolean;
}

/** What a decision about a task came to. */
export interface InstrumentedTask extends TemplateEdit {
  readonly template: TaskTemplate;
  readonly namespace: undefined;
  readonly outcome: TaskOutcome;
  /** Why the task may not run as it is under its policy. */
  readonly denial: Decision | undefined;
  /** As for a pod. */
  readonly isStale?: boolean;
}

/**
 * Decides on a pod template as the webhook would on its pods: first at the mutating door, then, on what came out, at the
 * validating one.
 *
 * @param trace record every check, for `explain`
 * @throws OutriderError `undo_stale` when the template's undo annotation cannot be read
 */
export async function instrumentTemplate(
  template: PodTemplate,
  engine: OfflineEngine,
  trace: boolean,
): Promise<InstrumentedPod> {
  const decided = await decideTemplate(template, engine, { trace, admitted: false });
  const { patch, decision } = decided.outcome;
  const differs = decision.reason === 'parts_differ' && hasUndo(template.pod);
  const back = differs ? wayBack(template.pod) : undefined;
  const anew = back === undefined ? undefined : await decideAnew(template, back, engine, trace);
  if (anew !== undefined) return anew;
  const operations = patch.length === 0 ? [] : keepUndo(template.pod, patch);
  return { ...decided, operations, isStale: differs && back === undefined };
}

/**
 * Decides on a template that `inject` wrote for other settings as on what it was before, by the record in it (W18).
 *
 * @param back the operations of that record
 * @returns `undefined` where the template would come out uninstrumented
 */
async function decideAnew(
  template: PodTemplate,
  back: readonly Operation[],
  engine: OfflineEngine,
  trace: boolean,
): Promise<InstrumentedPod | undefined> {
  const original = applied(template.pod, back);
  const decided = await decideTemplate({ ...template, pod: original }, engine, { trace, admitted: false });
  const { patch } = decided.outcome;
  if (patch.length === 0) return undefined;
  return { ...decided, template, operations: [...back, ...withUndo(original, patch)] };
}

function wayBack(pod: JsonObject): readonly Operation[] | undefined {
  try {
    return undoOperations(pod);
  } catch (error) {
    if (error instanceof OutriderError && error.code === 'undo_stale') return undefined;
    throw error;
  }
}

/**
 * The same, with the operations as the webhook gives them: nothing is written into the template that takes them back.
 *
 * @param how.admitted whether the ServiceAccount's pull secrets are in the pod, or will be at admission (E31)
 */
export async function decideTemplate(
  template: PodTemplate,
  { engine, namespaces, images }: Pick<OfflineEngine, 'engine' | 'namespaces' | 'images'>,
  { trace, admitted }: { readonly trace: boolean; readonly admitted: boolean },
): Promise<InstrumentedPod> {
  const { pod } = template;
  const namespace = namespaces.of(template);
  const request = { namespace, namespaceLabels: namespaces.labels(namespace), admitted };
  const { lookUp } = images;
  const outcome = await instrument({ ...request, pod, door: 'mutate', trace, lookUp }, engine);
  const result = applied(pod, outcome.patch);
  const check = await instrument({ ...request, pod: result, door: 'validate', trace: false }, engine);
  return {
    template,
    namespace,
    outcome,
    operations: outcome.patch,
    denial: check.decision.decision === 'deny' ? check.decision : undefined,
  };
}

/**
 * Decides on a task, by the same rules as for a pod.
 *
 * @param asked.only names of the only containers to look at; empty: all
 * @param asked.trace record every check, for `explain`
 * @param asked.undoRecord the record of a Dockerrun, which keeps none itself
 * @throws OutriderError `settings_invalid` for settings that only tasks use; `undo_stale` for an undo record that
 *   cannot be read
 */
async function instrumentTaskTemplate(
  template: TaskTemplate,
  { engine, images, imagesByText }: OfflineEngine,
  { only, trace, undoRecord }: AskedOfTasks,
): Promise<InstrumentedTask> {
  const decide = (asked: TaskTemplate): Promise<TaskOutcome> =>
    instrumentTask({ template: asked, only, images: imagesByText, trace, lookUp: images.lookUp }, engine);
  const outcome = await decide(template);
  const { patch, agent, decision } = outcome;
  const operations = agent === undefined ? patch : keepTaskUndo(template, patch, agent);
  const decided = { template, namespace: undefined, outcome, operations, denial: outcome.denial };
  // Asking for certain containers takes nothing from the others.
  const isUpdated = only.length === 0 && (decision.decision === 'inject' || decision.decision === 'partial');
  const current = { value: applied(template.value, operations), outcome };
  const update = isUpdated ? await updateTask(template, current, decide, undoRecord) : undefined;
  if (update === undefined) return decided;
  if ('stale' in update) {
    const differs = { ...decision, decision: 'skip', reason: 'parts_differ', detail: update.stale } as const;
    const kept = { ...outcome, decision: differs, patch: [], agent: undefined, plan: undefined };
    return { ...decided, outcome: kept, operations: [], isStale: true };
  }
  return { ...decided, ...update, denial: update.outcome.denial };
}

/** How tasks are decided on: `--only`, and what `--undo-file` holds. */
export interface AskedOfTasks {
  readonly only: readonly string[];
  readonly trace: boolean;
  readonly undoRecord?: string | undefined;
}

/** Decides on pod templates and tasks with one engine. */
export function templateInstrumenter(engine: OfflineEngine, asked: AskedOfTasks): TemplateEditor<InstrumentedTemplate> {
  return {
    pod: (template) => instrumentTemplate(template, engine, asked.trace),
    task: (template) => instrumentTaskTemplate(template, engine, asked),
    carryOut: keepSources,
  };
}

function applied(pod: JsonObject, operations: readonly Operation[]): JsonObject {
  if (operations.length === 0) return pod;
  return jsonpatch.applyPatch<JsonObject>(pod, structuredClone([...operations]), true, false).newDocument;
}
