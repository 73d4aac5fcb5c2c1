import { isArray, isObject, type JsonValue } from '../model/json.js';
import type { Operation } from '../model/patch.js';

const blank = 0x20;
const scratchBytes = 64 * 1024;

/** A list of containers as it was encoded once. */
interface EncodedList {
  readonly items: readonly JsonValue[];
  readonly base64: string;
}

/**
 * Writes patches as the base64 of their JSON, as an AdmissionReview carries them. Nearly every pod gets the same
 * containers of ours, as the same objects, and they are most of a patch: what is encoded of them once is kept for as
 * long as the objects are. Base64 takes three bytes at a time, so blanks, which mean nothing between JSON's tokens, fill
 * up what stands before a kept piece and the piece itself.
 */
export class PatchEncoder {
  readonly #containers = new WeakMap<object, string>();
  readonly #lists = new WeakMap<object, EncodedList>();
  readonly #scratch = Buffer.allocUnsafe(scratchBytes);

  /** The base64 of a JSON text that means the patch. */
  encode(patch: readonly Operation[]): string {
    let encoded = '';
    let text = '[';
    let first = true;
    for (const operation of patch) {
      const { path } = operation;
      text += `${first ? '' : ','}{"op":"${operation.op}","path":${isPlain(path) ? `"${path}"` : JSON.stringify(path)}`;
      first = false;
      if (operation.op !== 'remove') {
        const { value } = operation;
        const kept = holdsContainers(path) ? this.#kept(value) : undefined;
        if (kept === undefined) {
          text += `,"value":${JSON.stringify(value)}`;
        } else {
          encoded += this.#filledUp(`${text},"value":`) + kept;
          text = '';
        }
      }
      text += '}';
    }
    return encoded + Buffer.from(`${text}]`, 'utf8').toString('base64');
  }

  /** A container, or a list of containers; `undefined` for anything else. */
  #kept(value: JsonValue): string | undefined {
    if (isObject(value)) return this.#container(value);
    const [head] = isArray(value) ? value : [];
    if (!isArray(value) || !isObject(head)) return undefined;
    const known = this.#lists.get(head);
    if (known !== undefined && isSameList(known.items, value)) return known.base64;
    const base64 = this.#filledUp(JSON.stringify(value));
    this.#lists.set(head, { items: value, base64 });
    return base64;
  }

  #container(container: object): string {
    let base64 = this.#containers.get(container);
    if (base64 === undefined) {
      base64 = this.#filledUp(JSON.stringify(container));
      this.#containers.set(container, base64);
    }
    return base64;
  }

  /** The base64 of a text with as many blanks behind it as make its bytes a multiple of three. */
  #filledUp(text: string): string {
    const mostBytes = text.length * 3 + 2;
    const buffer = mostBytes <= scratchBytes ? this.#scratch : Buffer.allocUnsafe(mostBytes);
    let length = buffer.write(text, 0, 'utf8');
    while (length % 3 !== 0) buffer[length++] = blank;
    return buffer.toString('base64', 0, length);
  }
}

function isSameList(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Whether whole containers stand at a path: the list itself, or one place in it. */
function holdsContainers(path: string): boolean {
  for (const list of ['/spec/initContainers', '/spec/containers']) {
    if (path.startsWith(list)) {
      return path.length === list.length || (path.charAt(list.length) === '/' && !path.includes('/', list.length + 1));
    }
  }
  return false;
}

/** Whether a text stands in JSON as it is: the pointers that are ours do. */
function isPlain(text: string): boolean {
  return /^[\w/~.-]*$/.test(text);
}
