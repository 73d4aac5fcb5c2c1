import { isArray, isObject, type JsonValue } from '../model/json.js';
import type { Operation } from '../model/patch.js';

/** A copy that shares nothing with the value, nor its parts with each other: safe to be patched in place. */
export function cloneJson<Value extends JsonValue>(value: Value): Value;
export function cloneJson(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map((item) => cloneJson(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, cloneJson(item)]])),
  );
}

/** A copy of an operation whose value may be changed. */
export function cloneOperation(operation: Operation): Operation {
  return operation.op === 'remove' ? operation : { ...operation, value: cloneJson(operation.value) };
}
