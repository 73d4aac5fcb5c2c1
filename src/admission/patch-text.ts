import { isArray, isObject, type JsonValue } from '../model/json.js';
import type { Operation } from '../model/patch.js';

/**
 * Writes patches as JSON. Nearly every pod gets the same containers of ours, as the same objects, and they are most of a
 * patch: their text is made once and kept for as long as the objects are.
 */
export class PatchWriter {
  readonly #texts = new WeakMap<object, string>();

  /** The JSON text of a patch: what `JSON.stringify` gives. */
  write(patch: readonly Operation[]): string {
    let text = '[';
    for (const operation of patch) {
      if (text.length > 1) text += ',';
      text += `{"op":"${operation.op}","path":${JSON.stringify(operation.path)}`;
      if (operation.op !== 'remove') text += `,"value":${this.#valueOf(operation.value, operation.path)}`;
      text += '}';
    }
    return `${text}]`;
  }

  #valueOf(value: JsonValue, path: string): string {
    if (!holdsContainers(path)) return JSON.stringify(value);
    if (!isArray(value)) return this.#kept(value);
    return `[${value.map((item) => this.#kept(item)).join(',')}]`;
  }

  #kept(value: JsonValue): string {
    if (!isObject(value)) return JSON.stringify(value);
    let text = this.#texts.get(value);
    if (text === undefined) {
      text = JSON.stringify(value);
      this.#texts.set(value, text);
    }
    return text;
  }
}

/** Whether whole containers stand at a path: the list itself, or one place in it. */
function holdsContainers(path: string): boolean {
  return /^\/spec\/(?:initContainers|containers)(?:\/[^/]*)?$/.test(path);
}
