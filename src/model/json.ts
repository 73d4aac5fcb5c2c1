/**
 * JSON as it came off the wire. A pod is handled as this, never through a typed model, so that fields this project
 * has never heard of survive (E30).
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. A field that is not there reads as `undefined`. */
export interface JsonObject {
  readonly [field: string]: JsonValue | undefined;
}

/** True for a JSON object: not null, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a JSON array. */
export function isArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The value if it is an object, else `undefined`. */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The value if it is an array, else an empty one. */
export function listOf(value: unknown): readonly JsonValue[] {
  return isArray(value) ? value : [];
}

/** The value if it is a string, else `undefined`. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The strings of an array; `undefined` when it is not an array or holds anything else. */
export function stringsOf(value: unknown): readonly string[] | undefined {
  return isArray(value) && value.every((item): item is string => typeof item === 'string') ? value : undefined;
}
