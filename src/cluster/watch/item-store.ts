import { isDeepStrictEqual } from 'node:util';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';

interface Entry<Item> {
  readonly item: Item;
  readonly version: string;
}

/** The key of an object: `namespace/name`, or the name where there is no namespace. */
export function keyOf(object: JsonObject): string {
  const metadata = objectOf(object['metadata']);
  const namespace = stringOf(metadata?.['namespace']) ?? '';
  const name = stringOf(metadata?.['name']) ?? '';
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The object's `metadata.resourceVersion`; empty when it has none. */
export function versionOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])?.['resourceVersion']) ?? '';
}

/** What is kept of a list of objects: for each what `pick` returns, and the version that it is of. */
export class ItemStore<Item> {
  readonly #entries = new Map<string, Entry<Item>>();
  readonly #pick: (object: JsonObject) => Item | undefined;
  readonly #onFault: (error: unknown) => void;

  /**
   * @param pick what to keep of an object; `undefined`: nothing, as if it were not there
   * @param onFault told when `pick` throws; what was known of the object is kept then
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

  /** Takes one object over, unless what is known of it is newer. Returns its key when that changed what is kept. */
  put(object: JsonObject): string | undefined {
    const known = this.#entries.get(keyOf(object));
    return known !== undefined && isOlder(versionOf(object), known.version) ? undefined : this.#take(object);
  }

  /** Takes away an object that was deleted, unless what is known is a newer one of its name. */
  drop(object: JsonObject): string | undefined {
    const key = keyOf(object);
    const known = this.#entries.get(key);
    return known !== undefined && isOlder(versionOf(object), known.version) ? undefined : this.remove(key);
  }

  /** Takes one object away. Returns its key when it was there. */
  remove(key: string): string | undefined {
    return this.#entries.delete(key) ? key : undefined;
  }

  /**
   * Takes a whole list over, whatever its versions: they begin anew where a cluster was restored from a backup.
   * Returns the keys that this changed.
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
 * concepts, "Resource versions"); of others nothing is known.
 */
function isOlder(version: string, than: string): boolean {
  return decimal.test(version) && decimal.test(than) && BigInt(version) < BigInt(than);
}
