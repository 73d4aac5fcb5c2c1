import { cloneJson, type JsonValue } from './json.js';

/** One operation of a JSON patch, RFC 6902. `path` is a JSON pointer, RFC 6901. */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/** An operation that is the same object for pod after pod: results derived from it are worth keeping. */
export class KeptOperation {
  readonly op = 'add';
  readonly path: string;
  readonly value: JsonValue;

  constructor(path: string, value: JsonValue) {
    this.path = path;
    this.value = value;
  }
}

/** A copy of an operation whose value may be changed. */
export function cloneOperation(operation: Operation): Operation {
  return operation.op === 'remove' ? operation : { ...operation, value: cloneJson(operation.value) };
}
