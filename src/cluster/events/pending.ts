/** What waits, by whose it is and under a key of its own there. */
export interface Waiting<T> {
  readonly owner: string;
  readonly key: string;
  readonly item: T;
}

/**
 * A bounded queue that owners take turns in: one of each owner after another, in the order in which they came. Where it
 * is full, the owner with the most loses its newest, so that nobody's flood keeps another's out.
 */
export class PendingQueue<T> {
  readonly #most: number;
  readonly #lanes = new Map<string, Map<string, T>>();
  #size = 0;

  /** @param most how many wait at once, of all owners together */
  constructor(most: number) {
    this.#most = most;
  }

  /** What waits under a key of an owner. */
  get(owner: string, key: string): T | undefined {
    return this.#lanes.get(owner)?.get(key);
  }

  /** Adds what does not wait yet. @returns what has no place because of it: another, itself, or nothing */
  add({ owner, key, item }: Waiting<T>): T | undefined {
    const dropped = this.#size < this.#most ? undefined : this.#makePlace(owner);
    if (this.#size >= this.#most) return item;
    const lane = this.#lanes.get(owner);
    if (lane === undefined) this.#lanes.set(owner, new Map([[key, item]]));
    else lane.set(key, item);
    this.#size++;
    return dropped;
  }

  /** Takes out the oldest of the owner whose turn it is. */
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

  /** Takes out all that waits of an owner. */
  clear(owner: string): readonly T[] {
    const items = [...(this.#lanes.get(owner)?.values() ?? [])];
    this.#lanes.delete(owner);
    this.#size -= items.length;
    return items;
  }

  /** Takes out the newest of the owner with the most, where that is more than the newcomer's owner has. */
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
