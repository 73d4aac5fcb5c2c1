import jsonpatch from 'fast-json-patch';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { cloneJson, isArray, isObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { valueAt } from '../../model/json-pointer.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import { serverPartsOf, withoutServerParts } from './server-parts.js';

/** A step of the way back: an operation, or a test of a value by its hash. */
export type Step = Operation | HashStep;

export interface HashStep {
  readonly op: 'hash';
  readonly path: string;
  readonly hash: string;
  /**
   * The hash of the value without what the API server may have written, if that differs. It is kept next to the first, so
   * that a version that knows other defaults can still undo an untouched document.
   */
  readonly authors?: string;
}

/** How what is in a document is compared with what was left there. */
export interface Comparison {
  /** Whether a value that is there counts as one that was left at a place. */
  readonly same: (found: JsonValue | undefined, left: JsonValue, path: string) => boolean;
  readonly hasHash: (found: JsonValue, step: HashStep) => boolean;
  /** What others put into a value, which stays when the rest is removed; `undefined` for nothing. */
  readonly othersPart: (found: JsonValue | undefined, path: string) => JsonValue | undefined;
}

/** Nothing but what was left counts. */
export const toTheLetter: Comparison = {
  same: isDeepStrictEqual,
  hasHash: (found, { hash }) => hashOf(found) === hash,
  othersPart: () => undefined,
};

/** A pod as it is given to the API server, or as that gives it back (W17). */
export const asServed: Comparison = {
  same: (found, left, path) =>
    isDeepStrictEqual(found, left) || (found !== undefined && hashOfPart(found, path) === hashOfPart(left, path)),
  hasHash: (found, { path, hash, authors }) => hashOf(found) === hash || hashOfPart(found, path) === (authors ?? hash),
  othersPart: serverPartsOf,
};

/** The result of a rehearsal: the operations, or the path of the first step that does not fit. */
export type Rehearsal = { readonly operations: readonly Operation[] } | { readonly stale: string };

/**
 * Tries an undo on a value. In the resulting operations, each test is about the present value, and what others put into a
 * list or an object stays when that is removed.
 */
export function rehearse(value: JsonObject, steps: readonly Step[], how: Comparison): Rehearsal {
  let root: JsonValue = cloneJson(value);
  const operations: Operation[] = [];
  for (const step of steps) {
    const { path } = step;
    const found = valueAt(root, path);
    if (step.op === 'hash') {
      if (found === undefined || !how.hasHash(found, step)) return { stale: path };
      continue;
    }
    if (step.op === 'test') {
      if (!how.same(found, step.value, path)) return { stale: path };
      if (found !== undefined) operations.push({ op: 'test', path, value: cloneJson(found) });
      continue;
    }
    const operation = keeping(how.othersPart(found, path), step);
    try {
      root = jsonpatch.applyOperation<JsonValue>(root, cloneOperation(operation), true, true).newDocument;
    } catch {
      return { stale: path };
    }
    operations.push(operation);
  }
  return { operations };
}

/** A step that leaves others' part of a value where it is. */
function keeping(kept: JsonValue | undefined, step: Exclude<Operation, { op: 'test' }>): Operation {
  if (kept === undefined || step.op === 'add') return step;
  const { path } = step;
  if (step.op === 'remove') return { op: 'replace', path, value: kept };
  const { value } = step;
  if (isArray(value) && isArray(kept)) return { op: 'replace', path, value: [...value, ...kept] };
  // A value that was null counts as not written.
  if (value === null) return { op: 'replace', path, value: kept };
  return isObject(value) && isObject(kept) ? { op: 'replace', path, value: { ...value, ...kept } } : step;
}

/** SHA-256 of a value's JSON with sorted keys, as far as telling an edit needs: the API server sorts keys as well. */
function hashOf(value: JsonValue): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 16);
}

/** The hash of what an author could have written at a place of a pod, so that it is the same after the API server. */
function hashOfPart(value: JsonValue, path: string): string {
  return hashOf(withoutServerParts(value, path));
}

/** A test of a pod's value by its hash. */
export function hashStep(path: string, value: JsonValue): HashStep {
  const hash = hashOf(value);
  const authors = hashOfPart(value, path);
  return { op: 'hash', path, hash, ...(authors === hash ? {} : { authors }) };
}

function sorted(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.flatMap(([key, item]) => (item === undefined ? [] : [[key, sorted(item)]])));
}
