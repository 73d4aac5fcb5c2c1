import jsonpatch from 'fast-json-patch';
import { OutriderError } from '../../model/error.js';
import { cloneJson, isArray, isObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { names } from '../../model/names.js';
import { pointerToken, readPointer, valueAt, writePointer } from '../../model/json-pointer.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import { readRecord, writeRecord, type UndoPlace } from './record.js';
import { asServed, hashStep, rehearse, toTheLetter, type Comparison, type Step } from './rehearse.js';

/** A value whose JSON text is longer than this is kept as its hash, where it is only needed for a test. */
const longestKept = 64;
/** JSON pointer of the record in a pod-shaped object. */
export const annotationPath = `/metadata/annotations/${pointerToken(names.undo)}`;

/**
 * The operations that take a patch back: data and key order are again what they were. Each change is preceded by a test
 * of what it finds, so that a value edited since is noticed.
 *
 * @param value what the operations will be applied to
 * @param operations RFC 6902; they may not remove a mapping's key, which could not be put back in its place
 * @throws OutriderError `internal` when the operations do not fit the value, take a mapping's key away, or replace a
 *   number that JavaScript cannot hold (E30)
 */
export function invert(value: JsonValue, operations: readonly Operation[]): readonly Operation[] {
  const state = { root: cloneJson(value) };
  const inverse: (readonly Operation[])[] = [];
  for (const operation of operations) {
    if (operation.op === 'test') continue;
    inverse.push(inverseOf(state.root, operation));
    try {
      state.root = jsonpatch.applyOperation<JsonValue>(state.root, cloneOperation(operation), true, true).newDocument;
    } catch (error) {
      throw new OutriderError('internal', 'the patch does not fit the document', {
        field: operation.path,
        cause: error,
      });
    }
  }
  return inverse.reverse().flat();
}

function inverseOf(root: JsonValue, operation: Exclude<Operation, { op: 'test' }>): readonly Operation[] {
  const cut = operation.path.lastIndexOf('/');
  const parent = cut === -1 ? undefined : valueAt(root, operation.path.slice(0, cut));
  const token = operation.path.slice(cut + 1);
  if (operation.op === 'add' && isArray(parent)) {
    const path = `${operation.path.slice(0, cut)}/${token === '-' ? parent.length : token}`;
    return [
      { op: 'test', path, value: operation.value },
      { op: 'remove', path },
    ];
  }
  const { path } = operation;
  const old = valueAt(root, path);
  if (operation.op === 'remove') {
    if (!isArray(parent) || old === undefined) {
      throw new OutriderError('internal', 'a removed key cannot be put back in its place', { field: path });
    }
    refuseInexact(old, path);
    return [{ op: 'add', path, value: old }];
  }
  const guard: Operation = { op: 'test', path, value: operation.value };
  if (old === undefined) return [guard, { op: 'remove', path }];
  refuseInexact(old, path);
  return [guard, { op: 'replace', path, value: cloneJson(old) }];
}

function refuseInexact(value: JsonValue, path: string): void {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    const message = `the number at ${path} is too big to be put back exactly, and has to make way; give one below 2^53, or a text.`;
    throw new OutriderError('manifest_invalid', message, { field: path });
  }
  if (isArray(value)) value.forEach((item) => refuseInexact(item, path));
  else if (isObject(value)) for (const item of Object.values(value)) if (item !== undefined) refuseInexact(item, path);
}

/**
 * A patch with one operation more at its end: it writes the annotation `outrider.dev/undo`, JSON text of
 * `{"v": 1, "undo": [operations]}`, long values that are only tested as their hash. Taking back that annotation, and a
 * `metadata` or `annotations` made for it, is part of what it says.
 *
 * @param pod the pod-shaped object the operations will be applied to
 * @param operations pointers start at that object
 */
export function withUndo(pod: JsonObject, operations: readonly Operation[]): readonly Operation[] {
  return withUndoAt(pod, operations, annotationPath, true);
}

/**
 * The same as {@link withUndo}, with the record in another place. Objects on the way there that are missing are made,
 * and taken back with the rest.
 *
 * @param path JSON pointer of the record, where there is nothing yet
 * @param hashed for a pod: keep long values that are only tested as their hash
 */
export function withUndoAt(
  value: JsonObject,
  operations: readonly Operation[],
  path: string,
  hashed = false,
): readonly Operation[] {
  const all = [...operations];
  const patched = jsonpatch.applyPatch<JsonValue>(value, all.map(cloneOperation), true, false).newDocument;
  const keys = readPointer(path);
  for (let length = 1; length < keys.length; length++) {
    const parent = writePointer(keys.slice(0, length));
    const found = valueAt(patched, parent);
    if (!isObject(found) && !isArray(found)) all.push({ op: 'add', path: parent, value: {} });
  }
  return [...all, { op: 'add', path, value: undoRecord(value, all, hashed) }];
}

/** The record of how operations are taken back, as text: JSON of `{"v": 1, "undo": [operations]}`. */
export function undoRecord(value: JsonValue, operations: readonly Operation[], hashed = false): string {
  const steps = invert(value, operations).map((operation) => (hashed ? shortened(operation) : operation));
  return writeRecord({ steps, sources: [] });
}

/**
 * Makes one record from two. The later one is undone first.
 *
 * @throws OutriderError `undo_stale` for a record that cannot be read
 */
export function joinUndo(later: JsonValue, earlier: JsonValue): string {
  const steps = [...readRecord(later, {}).steps, ...readRecord(earlier, {}).steps];
  return writeRecord({ steps, sources: [] });
}

/** True when the object carries the annotation `outrider.dev/undo`. */
export function hasUndo(pod: JsonObject): boolean {
  return valueAt(pod, annotationPath) !== undefined;
}

/**
 * The operations that give a pod-shaped object back as it was before `withUndo`'s: the annotation goes first, then what
 * it says. What the API server adds is no edit, and stays where it is the author's part or the server's own (W17).
 *
 * @param pod the object as it is now; pointers start at it
 * @param where file and field for messages
 * @throws OutriderError `undo_missing` when there is no such annotation; `undo_stale` when it cannot be read, or the
 *   object was edited since in a place that would have to be taken back
 */
export function undoOperations(
  pod: JsonObject,
  where: { readonly file?: string; readonly field?: string } = {},
): readonly Operation[] {
  const text = valueAt(pod, annotationPath);
  if (text === undefined) {
    const message = `there is no annotation ${names.undo}, so nothing can be taken back. Only what \`outrider inject\` wrote has one; otherwise go back to the manifest's source.`;
    throw new OutriderError('undo_missing', message, where);
  }
  return undoOperationsOf(pod, text, annotationPath, where, asServed, 'annotation');
}

/**
 * The operations that a record asks for, tried out on the value.
 *
 * @param path JSON pointer of the record, which goes first; `undefined` when it is outside the value
 * @param called what the record is, for messages
 * @param how what counts as what was left at a place
 * @throws OutriderError `undo_stale` when it cannot be read, or the value was edited since
 */
export function undoOperationsOf(
  value: JsonObject,
  record: JsonValue,
  path: string | undefined,
  where: UndoPlace = {},
  how: Comparison = toTheLetter,
  called: 'annotation' | 'record' = 'record',
): readonly Operation[] {
  const own: readonly Step[] = path === undefined ? [] : [{ op: 'remove', path }];
  const steps = [...own, ...readRecord(record, where, called).steps];
  const outcome = rehearse(value, steps, how);
  if ('operations' in outcome) return outcome.operations;
  const message = `${outcome.stale} is not what \`outrider inject\` left there: the manifest was edited since. Undo that edit and run again, or remove the instrumentation by hand.`;
  throw new OutriderError('undo_stale', message, where);
}

/** The object as it was before; the same as applying `undoOperations`. */
export function applyUndo(
  pod: JsonObject,
  where: { readonly file?: string; readonly field?: string } = {},
): JsonObject {
  const operations = undoOperations(pod, where).map(cloneOperation);
  return jsonpatch.applyPatch<JsonObject>(pod, operations, true, false).newDocument;
}

/** A test of a long value by its hash. */
function shortened(operation: Operation): Step {
  if (operation.op !== 'test' || JSON.stringify(operation.value).length <= longestKept) return operation;
  return hashStep(operation.path, operation.value);
}
