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

/** The members of an object that are strings; none if it is not an object. */
export function stringMembersOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf(value) ?? {}).filter((member): member is [string, string] => typeof member[1] === 'string'),
  );
}

/** The value of a JSON text; `undefined` if it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object that a value becomes when it is written as JSON; an empty one where that is not an object. */
export function asJson(value: unknown): JsonObject {
  return objectOf(JSON.parse(JSON.stringify(value))) ?? {};
}

/** Freezes a value with everything in it, and returns it. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFrozen(inner);
  return Object.freeze(value);
}

/**
 * A text as JSON, in ASCII. Most are short and plain, and are in JSON as they are: they are recognised and only put in
 * quotes.
 */
export function quotedText(text: string): string {
  return isPlain(text) ? `"${text}"` : asciiJson(text);
}

/** A value as JSON, in ASCII: any other character is escaped, so that the text has as many bytes as characters. */
export function asciiJson(value: JsonValue): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const longestPlain = 256;

function isPlain(text: string): boolean {
  if (text.length > longestPlain) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** A copy that shares nothing with the value, and whose parts share nothing with each other: safe to patch in place. */
export function cloneJson<Value extends JsonValue>(value: Value): Value;
export function cloneJson(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map((item) => cloneJson(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, cloneJson(item)]])),
  );
}
