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
import { objectOf, stringMembersOf, type JsonObject } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import { Semaphore } from '../../time/semaphore.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { TemplateEditor } from '../files/edited-file.js';
import type { OfflineEngine } from './engine.js';
import { keepUndo } from './keep-undo.js';
import { noPolicyRemedy } from './no-policy.js';
import { updateTask } from './update-task.js';

/** The result of a decision about a pod template or a task. */
export type InstrumentedTemplate = InstrumentedPod | InstrumentedTask;

/** The result of a decision about a pod template. */
export interface InstrumentedPod extends TemplateEdit {
  readonly template: PodTemplate;
  readonly namespace: string;
  readonly outcome: Outcome;
  /** The validating door's answer to the result, if it is a denial. */
  readonly denial: Decision | undefined;
  /** Whether new settings cannot be applied because the record of the first injection does not fit (W18). */
  readonly isStale?: boolean;
  /** The remedy for this pod, if it is more than the reason's own remedy. */
  readonly remedy?: string;
}

/** The result of a decision about a task. */
export interface InstrumentedTask extends TemplateEdit {
  readonly template: TaskTemplate;
  readonly namespace: undefined;
  readonly outcome: TaskOutcome;
  /** Why its policy does not allow the task to run as it is. */
  readonly denial: Decision | undefined;
  /** The same as for a pod. */
  readonly isStale?: boolean;
  readonly remedy?: undefined;
}

/**
 * Decides on a pod template as the webhook would on its pods: first at the mutating door, then, on the result, at the
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
 * Decides on a template that `inject` wrote for other settings. It first restores the template by the record in it (W18).
 *
 * @param back the operations of that record
 * @returns `undefined` if the template would end up uninstrumented
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
 * The same, with the operations as the webhook gives them: the template gets no record of how to undo them.
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
  const workload = { kind: template.kind, name: template.name ?? '' };
  const request = { namespace, namespaceLabels: namespaces.labels(namespace), admitted, workload };
  const { lookUp } = images;
  const outcome = await instrument({ ...request, pod, door: 'mutate', trace, lookUp }, engine);
  const result = applied(pod, outcome.patch);
  const check = await instrument({ ...request, pod: result, door: 'validate', trace: false }, engine);
  const subject = { ...request, podLabels: stringMembersOf(objectOf(pod['metadata'])?.['labels']) };
  const remedy =
    outcome.decision.reason === 'no_policy'
      ? noPolicyRemedy(engine.rules.policies, subject, admitted ? 'cluster' : 'files')
      : undefined;
  return {
    ...(remedy === undefined ? {} : { remedy }),
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
 * @param asked.only names of the containers to look at; empty: all
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
  // Naming containers with `--only` does not remove the injection from the others.
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

/** How to decide on tasks: `--only`, and the content of `--undo-file`. */
export interface AskedOfTasks {
  readonly only: readonly string[];
  readonly trace: boolean;
  readonly undoRecord?: string | undefined;
}

/** How many templates are decided on at once. Nearly all of the time is spent waiting for registries. */
const atOnce = 48;

/** Decides on pod templates and tasks with one engine, several at once. */
export function templateInstrumenter(engine: OfflineEngine, asked: AskedOfTasks): TemplateEditor<InstrumentedTemplate> {
  const places = new Semaphore();
  const { signal } = new AbortController();
  const inPlace = async <T>(decide: () => Promise<T>): Promise<T> => {
    const release = await places.acquire('', atOnce, signal);
    try {
      return await decide();
    } finally {
      release();
    }
  };
  return {
    pod: (template) => inPlace(() => instrumentTemplate(template, engine, asked.trace)),
    task: (template) => inPlace(() => instrumentTaskTemplate(template, engine, asked)),
    carryOut: keepSources,
  };
}

function applied(pod: JsonObject, operations: readonly Operation[]): JsonObject {
  if (operations.length === 0) return pod;
  return jsonpatch.applyPatch<JsonObject>(pod, structuredClone([...operations]), true, false).newDocument;
}
