import { isArray, isObject, type JsonValue } from './json.js';

/** Escapes one reference token of a JSON pointer: `~` becomes `~0`, `/` becomes `~1` (RFC 6901, section 3; E30). */
export function pointerToken(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

/** Writes a JSON pointer; none for the root is the empty text. */
export function writePointer(keys: readonly string[]): string {
  return keys.map((key) => `/${pointerToken(key)}`).join('');
}

/** The keys of a JSON pointer, unescaped. */
export function readPointer(pointer: string): readonly string[] {
  const tokens = pointer.split('/').slice(1);
  return pointer.includes('~') ? tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')) : tokens;
}

/** The index in a list that a token names; `undefined` if it names none. */
export function pointerIndex(token: string): number | undefined {
  return /^(?:0|[1-9][0-9]*)$/.test(token) ? Number(token) : undefined;
}

/** The value that a pointer leads to; `undefined` if there is none. */
export function valueAt(root: JsonValue, pointer: string): JsonValue | undefined {
  let node: JsonValue | undefined = root;
  for (const key of readPointer(pointer)) {
    if (isArray(node)) node = node[pointerIndex(key) ?? -1];
    else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return node;
}
