import { mostTakenBack, takenBackKey, type TakenBackEntry } from '../../model/taken-back.js';

/**
 * The places for entries, shared by namespace: where all are taken, a namespace with fewer entries than another gets the place
 * of that one's latest. So no tenant takes all of them, and an entry that had to go does not come back by the same rule.
 */
export class Places {
  readonly #entries: Map<string, TakenBackEntry>;
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(entries: Iterable<readonly [string, TakenBackEntry]>, most = mostTakenBack) {
    this.#entries = new Map(entries);
    this.#most = most;
    for (const { namespace } of this.#entries.values()) this.#count(namespace, 1);
  }

  get entries(): ReadonlyMap<string, TakenBackEntry> {
    return this.#entries;
  }

  /** Puts an entry in its place, or in a new one. @returns false if there is none for it */
  put(entry: TakenBackEntry): boolean {
    const key = takenBackKey(entry);
    if (!this.#entries.has(key)) {
      if (this.#entries.size >= this.#most && !this.#makeRoom(entry.namespace)) return false;
      this.#count(entry.namespace, 1);
    }
    this.#entries.set(key, entry);
    return true;
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#count(entry.namespace, -1);
  }

  #count(namespace: string, by: number): void {
    const now = (this.#counts.get(namespace) ?? 0) + by;
    if (now === 0) this.#counts.delete(namespace);
    else this.#counts.set(namespace, now);
  }

  #makeRoom(namespace: string): boolean {
    const [greediest, most] = [...this.#counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0]);
    if (most <= (this.#counts.get(namespace) ?? 0) + 1) return false;
    const theirs = [...this.#entries].filter(([, entry]) => entry.namespace === greediest);
    const [first, ...rest] = theirs;
    if (first === undefined) return false;
    this.remove(rest.reduce((latest, one) => (one[1].since > latest[1].since ? one : latest), first)[0]);
    return true;
  }
}
