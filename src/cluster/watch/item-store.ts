import { isDeepStrictEqual } from 'node:util';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';

interface Entry<Item> {
  readonly item: Item;
  readonly version: string;
}

/** The key of an object: `namespace/name`, or the name if there is no namespace. */
export function keyOf(object: JsonObject): string {
  const metadata = objectOf(object['metadata']);
  const namespace = stringOf(metadata?.['namespace']) ?? '';
  const name = stringOf(metadata?.['name']) ?? '';
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The object's `metadata.resourceVersion`; empty if it has none. */
export function versionOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])?.['resourceVersion']) ?? '';
}

/** The kept part of a list of objects: the result of `pick` for each, and its version. */
export class ItemStore<Item> {
  readonly #entries = new Map<string, Entry<Item>>();
  readonly #pick: (object: JsonObject) => Item | undefined;
  readonly #onFault: (error: unknown) => void;

  /**
   * @param pick returns the part to keep of an object; `undefined` keeps nothing, as if it did not exist
   * @param onFault called when `pick` throws; the object then stays as it was known
   */
  constructor(pick: (object: JsonObject) => Item | undefined, onFault: (error: unknown) => void) {
    this.#pick = pick;
    this.#onFault = onFault;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Item | undefined {
    return this.#entries.get(key)?.item;
  }

  *entries(): IterableIterator<readonly [string, Item]> {
    for (const [key, { item }] of this.#entries) yield [key, item];
  }

  /** Takes over one object, unless a newer version is known. Returns its key if that changed what is kept. */
  put(object: JsonObject): string | undefined {
    const known = this.#entries.get(keyOf(object));
    return known !== undefined && isOlder(versionOf(object), known.version) ? undefined : this.#take(object);
  }

  /** Removes an object that was deleted, unless a newer one with its name is known. */
  drop(object: JsonObject): string | undefined {
    const key = keyOf(object);
    const known = this.#entries.get(key);
    return known !== undefined && isOlder(versionOf(object), known.version) ? undefined : this.remove(key);
  }

  /** Removes one object. Returns its key if it existed. */
  remove(key: string): string | undefined {
    return this.#entries.delete(key) ? key : undefined;
  }

  /**
   * Takes over a whole list, whatever its versions, because they start again if a cluster is restored from a backup. Returns
   * the keys that this changed.
   */
  replace(objects: readonly JsonObject[]): ReadonlySet<string> {
    const changed = new Set<string>();
    const listed = new Set<string>();
    for (const object of objects) {
      listed.add(keyOf(object));
      const key = this.#take(object);
      if (key !== undefined) changed.add(key);
    }
    for (const key of [...this.#entries.keys()]) {
      if (!listed.has(key) && this.remove(key) !== undefined) changed.add(key);
    }
    return changed;
  }

  #take(object: JsonObject): string | undefined {
    const key = keyOf(object);
    const version = versionOf(object);
    const known = this.#entries.get(key);
    let item: Item | undefined;
    try {
      item = this.#pick(object);
    } catch (error) {
      this.#onFault(error);
      return undefined;
    }
    if (item === undefined) return this.remove(key);
    const same = known !== undefined && isDeepStrictEqual(known.item, item);
    this.#entries.set(key, { item: same ? known.item : item, version });
    return same ? undefined : key;
  }
}

const decimal = /^\d{1,20}$/;

/**
 * Whether a version is known to be older than another. The versions of one resource grow as decimal numbers (Kubernetes API
 * concepts, "Resource versions"); nothing is known about other versions.
 */
function isOlder(version: string, than: string): boolean {
  return decimal.test(version) && decimal.test(than) && BigInt(version) < BigInt(than);
}
