import jsonpatch from 'fast-json-patch';
import { applyPatch } from 'rfc6902';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';

/** JSON that may be changed. */
export type Draft = null | boolean | number | string | Draft[] | DraftObject;
export interface DraftObject {
  [field: string]: Draft | undefined;
}

/** A copy that may be changed. */
export function draft(value: JsonObject): DraftObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (!isDraftObject(copy)) throw new Error('not an object');
  return copy;
}

export function isDraftObject(value: unknown): value is DraftObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects in a list of a draft; none where it is not a list. */
export function draftsOf(value: Draft | undefined): DraftObject[] {
  return Array.isArray(value) ? value.filter(isDraftObject) : [];
}

/** The object at a field, made where it is absent or null. */
export function objectAt(parent: DraftObject, field: string): DraftObject {
  const found = parent[field];
  if (isDraftObject(found)) return found;
  const made: DraftObject = {};
  parent[field] = made;
  return made;
}

/** The list at a field, made where it is absent or null. */
export function listAt(parent: DraftObject, field: string): Draft[] {
  const found = parent[field];
  if (Array.isArray(found)) return found;
  const made: Draft[] = [];
  parent[field] = made;
  return made;
}

/** Applies a patch by fast-json-patch, with validation; the value is left as it is. */
export function patched(value: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch<JsonObject>(structuredClone(value), structuredClone([...operations]), true, true)
    .newDocument;
}

/** Applies a patch by rfc6902; throws on the first operation that does not fit. */
export function patchedBySecond(value: JsonObject, operations: readonly Operation[]): JsonObject {
  const copy = structuredClone(value);
  const errors = applyPatch(copy, structuredClone([...operations]));
  const failed = errors.find((error) => error !== null);
  if (failed !== undefined) throw failed;
  return copy;
}

/** JSON text, keys in their order: equal texts are equal values with an equal order of keys. */
export function textOf(value: JsonValue | undefined): string {
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

/** The value at a path of fields and indices; `undefined` where there is nothing. */
export function at(value: JsonValue | undefined, ...path: readonly (string | number)[]): JsonValue | undefined {
  let node = value;
  for (const step of path) {
    if (typeof step === 'number') node = isArray(node) ? node[step] : undefined;
    else node = isObject(node) && Object.hasOwn(node, step) ? node[step] : undefined;
  }
  return node;
}

/** A member's name; empty where it has none. */
export function nameOf(member: JsonObject): string {
  const { name } = member;
  return typeof name === 'string' ? name : '';
}

/** Takes a field out of a draft. */
export function drop(parent: DraftObject, field: string): void {
  Reflect.deleteProperty(parent, field);
}

/** The objects of a list in a pod's spec. */
export function members(pod: JsonObject, list: 'containers' | 'initContainers' | 'volumes'): readonly JsonObject[] {
  const found = at(pod, 'spec', list);
  return isArray(found) ? found.filter(isObject) : [];
}

/** The container of that name, main or init. */
export function containerOf(pod: JsonObject, name: string): JsonObject {
  const found = [...members(pod, 'containers'), ...members(pod, 'initContainers')].find((one) => one['name'] === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}
