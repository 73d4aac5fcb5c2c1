/** A waiting entry: its owner, and its key within that owner. */
export interface Waiting<T> {
  readonly owner: string;
  readonly key: string;
  readonly item: T;
}

/**
 * A bounded queue in which owners take turns: one entry of each owner after another, in order of arrival. If it is full, the
 * owner with the most entries loses its newest one, so that no owner can keep others out.
 */
export class PendingQueue<T> {
  readonly #most: number;
  readonly #lanes = new Map<string, Map<string, T>>();
  #size = 0;

  /** @param most how many entries wait at once, of all owners together */
  constructor(most: number) {
    this.#most = most;
  }

  /** The entry that waits under a key of an owner. */
  get(owner: string, key: string): T | undefined {
    return this.#lanes.get(owner)?.get(key);
  }

  /** Adds an entry that does not wait yet. @returns the entry that lost its place: another one, itself, or none */
  add({ owner, key, item }: Waiting<T>): T | undefined {
    const dropped = this.#size < this.#most ? undefined : this.#makePlace(owner);
    if (this.#size >= this.#most) return item;
    const lane = this.#lanes.get(owner);
    if (lane === undefined) this.#lanes.set(owner, new Map([[key, item]]));
    else lane.set(key, item);
    this.#size++;
    return dropped;
  }

  /** Removes and returns the oldest entry of the owner whose turn it is. */
  next(): Waiting<T> | undefined {
    const [turn] = this.#lanes;
    if (turn === undefined) return undefined;
    const [owner, lane] = turn;
    this.#lanes.delete(owner);
    const [first] = lane;
    if (first === undefined) return undefined;
    const [key, item] = first;
    lane.delete(key);
    this.#size--;
    if (lane.size > 0) this.#lanes.set(owner, lane);
    return { owner, key, item };
  }

  /** Removes and returns all entries of an owner. */
  clear(owner: string): readonly T[] {
    const items = [...(this.#lanes.get(owner)?.values() ?? [])];
    this.#lanes.delete(owner);
    this.#size -= items.length;
    return items;
  }

  /** Removes and returns the newest entry of the owner with the most, if it has more than the newcomer's owner. */
  #makePlace(newcomer: string): T | undefined {
    let fullest = this.#lanes.get(newcomer) ?? new Map<string, T>();
    let most = fullest.size;
    for (const lane of this.#lanes.values()) if (lane.size > most) [fullest, most] = [lane, lane.size];
    if (fullest === this.#lanes.get(newcomer) || most < 2) return undefined;
    const newest = [...fullest].at(-1);
    if (newest === undefined) return undefined;
    fullest.delete(newest[0]);
    this.#size--;
    return newest[1];
  }
}
