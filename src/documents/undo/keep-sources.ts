import jsonpatch from 'fast-json-patch';
import { OutriderError } from '../../model/error.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import { pointerToken, valueAt } from '../../model/json-pointer.js';
import { names } from '../../model/names.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import type { TaskTemplate } from '../../model/task.js';
import { editDocument } from '../edit/edit.js';
import { carriedOut, documentOperations, type CarriedOut, type TemplateEdit } from '../edit/template-edit.js';
import { readRecord, writeRecord } from './record.js';
import { giveSourcesBack, sourcesBetween, type Source } from './source.js';
import { findTaskUndo, taskUndoOperations } from './task-undo.js';
import { annotationPath, hasUndo, undoOperations } from './undo.js';

type Template = TemplateEdit['template'];

/**
 * Applies the edits of a document. Their records also hold the parts of the document's text that undoing would write in
 * another form (W28). To find them, the undo is tried on the text. A document that already holds records is compared with
 * what it was before those.
 */
export function keepSources<Edit extends TemplateEdit>(documentText: string, edits: readonly Edit[]): CarriedOut<Edit> {
  const injected = carriedOut(documentText, edits);
  if (!edits.some(hasRecord)) return injected;
  const after = edits.map(({ template, operations }) => patched(template, operations));
  const back = triedOut(injected.text, () => after.flatMap(wayBack));
  const before = edits.map(({ template }) => template);
  const was = triedOut(documentText, () => before.flatMap(wayBack));
  if (back === undefined || was === undefined) return injected;
  const sources = sourcesBetween(
    giveSourcesBack(
      was,
      before.flatMap((template) => sourcesIn(template)),
    ),
    back,
  );
  return sources.length === 0 ? injected : carriedOut(documentText, share(sources, edits));
}

/**
 * The same for a task whose record is outside its document.
 *
 * @param record of how to undo the edit, and the one before it
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
  const back = triedOut(injected, () => outsideWayBack(patchedTask(template, operations), record));
  const before = earlier === undefined ? documentText : triedOut(documentText, () => outsideWayBack(template, earlier));
  if (back === undefined || before === undefined) return record;
  const was = earlier === undefined ? before : giveSourcesBack(before, readRecord(earlier, {}).sources);
  return writeRecord({ ...readRecord(record, {}), sources: sourcesBetween(was, back) });
}

/**
 * Applies the edits of a document that undo others, and restores its author's formatting.
 *
 * @param outside the record that is outside the document, for templates that hold none
 */
export function restoreSources<Edit extends TemplateEdit>(
  documentText: string,
  edits: readonly Edit[],
  outside?: string,
): CarriedOut<Edit> {
  const { text } = carriedOut(documentText, edits);
  const taken = edits.filter(({ operations }) => operations.length > 0);
  const sources = taken.flatMap(({ template }) => sourcesIn(template, outside));
  return { edits, text: giveSourcesBack(text, sources) };
}

/** Each source in the record of the template that it is in, and all others in the first record. */
function share<Edit extends TemplateEdit>(sources: readonly Source[], edits: readonly Edit[]): readonly Edit[] {
  const recorded = edits.filter(hasRecord);
  const homeOf = ({ path }: Source): Edit | undefined =>
    recorded.find(({ template }) => `${path}/`.startsWith(`${template.path}/`)) ?? recorded[0];
  return edits.map((edit) => {
    const own = sources.filter((source) => homeOf(source) === edit);
    return own.length === 0 ? edit : { ...edit, operations: recording(edit.operations, own) };
  });
}

function recording(operations: readonly Operation[], sources: readonly Source[]): readonly Operation[] {
  const last = operations.at(-1);
  if (!isRecord(last)) return operations;
  const value = writeRecord({ ...readRecord(last.value, {}), sources });
  return [...operations.slice(0, -1), { ...last, value }];
}

function hasRecord({ operations }: TemplateEdit): boolean {
  return isRecord(operations.at(-1));
}

/** The record is written when all else is. */
function isRecord(operation: Operation | undefined): operation is Operation & { readonly op: 'add' } {
  return operation?.op === 'add' && operation.path.endsWith(`/${pointerToken(names.undo)}`);
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

/** A document with operations carried out; `undefined` if they cannot be: the user who takes it back gets the error. */
function triedOut(documentText: string, operations: () => readonly Operation[]): string | undefined {
  try {
    return editDocument(documentText, operations());
  } catch (error) {
    if (error instanceof OutriderError) return undefined;
    throw error;
  }
}
