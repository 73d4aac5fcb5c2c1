import type { JsonValue } from './json.js';

/** One operation of a JSON patch, RFC 6902. `path` is a JSON pointer, RFC 6901. */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/** An operation that is the same object for pod after pod: what somebody makes of it is worth keeping. */
export class KeptOperation {
  readonly op = 'add';
  readonly path: string;
  readonly value: JsonValue;

  constructor(path: string, value: JsonValue) {
    this.path = path;
    this.value = value;
  }
}

/** Escapes one reference token of a JSON pointer: `~` becomes `~0`, `/` becomes `~1` (RFC 6901, section 3; E30). */
export function pointerToken(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}
