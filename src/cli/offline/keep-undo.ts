import { withUndo } from '../../documents/undo/undo.js';
import { OutriderError } from '../../model/error.js';
import { isArray, isObject, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { Operation } from '../../model/patch.js';

/**
 * The operations, plus the annotation that undoes them. A pod may have such an annotation already, because it gained a
 * container since. The new annotation then undoes these operations first, and the earlier ones after them.
 *
 * @throws OutriderError `undo_stale` when the pod's own annotation does not have the form that `inject` writes
 */
export function keepUndo(pod: JsonObject, operations: readonly Operation[]): readonly Operation[] {
  const all = withUndo(pod, operations);
  const earlier = objectOf(objectOf(pod['metadata'])?.['annotations'])?.[names.undo];
  const last = all.at(-1);
  if (earlier === undefined || last?.op !== 'add') return all;
  const text = JSON.stringify({ ...recordOf(last.value), undo: [...undoOf(last.value), ...undoOf(earlier)] });
  return [...all.slice(0, -1), { ...last, value: text }];
}

function undoOf(text: JsonValue): readonly JsonValue[] {
  const { undo } = recordOf(text);
  if (isArray(undo)) return undo;
  throw unreadable();
}

function recordOf(text: JsonValue): JsonObject {
  try {
    const value: unknown = JSON.parse(typeof text === 'string' ? text : '');
    if (isObject(value)) return value;
  } catch (cause) {
    throw unreadable(cause);
  }
  throw unreadable();
}

function unreadable(cause?: unknown): OutriderError {
  const message = `the annotation ${names.undo} is not of the form that \`outrider inject\` writes. Remove it, or go back to the manifest's source.`;
  return new OutriderError('undo_stale', message, { cause });
}
