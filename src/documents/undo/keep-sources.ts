import jsonpatch from 'fast-json-patch';
import { OutriderError } from '../../model/error.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import { pointerToken, valueAt } from '../../model/json-pointer.js';
import { names } from '../../model/names.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import { editDocument } from '../edit/edit.js';
import { documentOperations, type TemplateEdit } from '../edit/template-edit.js';
import { readRecord, writeRecord } from './record.js';
import { giveSourcesBack, sourcesBetween, type Source } from './source.js';
import { findTaskUndo, taskUndoOperations } from './task-undo.js';
import { annotationPath, hasUndo, undoOperations } from './undo.js';

type Template = TemplateEdit['template'];

/**
 * Edits whose records also hold what of the document's text taking them back would give another form (W28). The way back
 * is tried out on the text; a template that has a record already is compared with what it was before that.
 *
 * @param documentText the text of the document that the edits are for
 */
export function keepSources<Edit extends TemplateEdit>(documentText: string, edits: readonly Edit[]): readonly Edit[] {
  if (!edits.some(({ operations }) => recordIn(operations) !== undefined)) return edits;
  const templates = edits.map(({ template }) => template);
  const after = edits.map(({ template, operations }) => patched(template, operations));
  const injected = editDocument(documentText, edits.flatMap(documentOperations));
  const back = unlessStale(() => editDocument(injected, after.flatMap(wayBack)));
  const was = unlessStale(() => {
    return giveSourcesBack(
      editDocument(documentText, templates.flatMap(wayBack)),
      templates.flatMap((each) => sourcesIn(each)),
    );
  });
  if (back === undefined || was === undefined) return edits;
  return share(sourcesBetween(was, back), edits);
}

/**
 * The same for a task whose record stands outside its document.
 *
 * @param record of how the edit is taken back, and the one before it
 * @param earlier the one before it
 * @returns the record with the sources
 */
export function sourcesInto(
  record: string,
  documentText: string,
  edit: TemplateEdit & { readonly template: TaskTemplate },
  earlier?: string,
): string {
  const { template, operations } = edit;
  const injected = editDocument(documentText, documentOperations(edit));
  const back = editDocument(injected, outsideWayBack(patchedTask(template, operations), record));
  const was =
    earlier === undefined
      ? documentText
      : giveSourcesBack(editDocument(documentText, outsideWayBack(template, earlier)), readRecord(earlier, {}).sources);
  return writeRecord({ ...readRecord(record, {}), sources: sourcesBetween(was, back) });
}

/**
 * The text of a document with its records' operations carried out, in the form that its author gave it.
 *
 * @param text the text with the operations carried out
 * @param edits those that were
 * @param outside the record that stands outside the document, for templates that hold none
 */
export function restoreSources(text: string, edits: readonly TemplateEdit[], outside?: string): string {
  const taken = edits.filter(({ operations }) => operations.length > 0);
  return giveSourcesBack(
    text,
    taken.flatMap(({ template }) => sourcesIn(template, outside)),
  );
}

/** Each source in the record of the template that it is in, and all others in the first record. */
function share<Edit extends TemplateEdit>(sources: readonly Source[], edits: readonly Edit[]): readonly Edit[] {
  if (sources.length === 0) return edits;
  const recorded = edits.filter(({ operations }) => recordIn(operations) !== undefined);
  const homeOf = ({ path }: Source): Edit | undefined =>
    recorded.find(({ template }) => `${path}/`.startsWith(`${template.path}/`)) ?? recorded[0];
  return edits.map((edit) => {
    const own = sources.filter((source) => homeOf(source) === edit);
    return own.length === 0 ? edit : { ...edit, operations: edit.operations.map((each) => recording(each, own)) };
  });
}

function recording(operation: Operation, sources: readonly Source[]): Operation {
  if (!isRecord(operation)) return operation;
  return { ...operation, value: writeRecord({ ...readRecord(operation.value, {}), sources }) };
}

function recordIn(operations: readonly Operation[]): Operation | undefined {
  return operations.find(isRecord);
}

function isRecord(operation: Operation): operation is Operation & { readonly op: 'add' } {
  return operation.op === 'add' && operation.path.endsWith(`/${pointerToken(names.undo)}`);
}

/** The operations, in the document, that take a template back; none where it carries no record. */
function wayBack(template: Template): readonly Operation[] {
  if ('format' in template) {
    const operations = template.format === 'dockerrun' ? [] : taskUndoOperations(template);
    return documentOperations({ template, operations });
  }
  return hasUndo(template.pod) ? documentOperations({ template, operations: undoOperations(template.pod) }) : [];
}

function outsideWayBack(template: TaskTemplate, record: string): readonly Operation[] {
  return documentOperations({ template, operations: taskUndoOperations(template, record) });
}

function sourcesIn(template: Template, outside?: string): readonly Source[] {
  const record = recordOf(template) ?? outside;
  return record === undefined ? [] : readRecord(record, {}).sources;
}

function recordOf(template: Template): JsonValue | undefined {
  if (!('format' in template)) return valueAt(template.pod, annotationPath);
  return template.format === 'dockerrun' ? undefined : findTaskUndo(template)?.record;
}

function patched(template: Template, operations: readonly Operation[]): Template {
  if ('format' in template) return patchedTask(template, operations);
  return { ...template, pod: applied(template.pod, operations) };
}

function patchedTask(template: TaskTemplate, operations: readonly Operation[]): TaskTemplate {
  return { ...template, value: applied(template.value, operations) };
}

function applied(value: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch<JsonObject>(value, operations.map(cloneOperation), true, false).newDocument;
}

/** `undefined` where something was edited, so that nothing can be taken back. */
function unlessStale(action: () => string): string | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof OutriderError && error.code === 'undo_stale') return undefined;
    throw error;
  }
}
