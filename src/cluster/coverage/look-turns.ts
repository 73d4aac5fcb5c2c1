/** How many look-ups there are in a sweep, and for one namespace of it. */
export interface TurnLimits {
  readonly most: number;
  readonly mostOfNamespace: number;
  /** How many are kept for namespaces that had none in the sweep before, one for each. */
  readonly kept: number;
}

/**
 * Shares the look-ups of a sweep between namespaces. Sweeps meet namespaces in the same order, so one that has ever new images
 * would otherwise take every look-up from those behind it: a namespace that wanted one and had none waits for its turn, and
 * those that have waited longest come first in the next sweep.
 */
export class LookTurns {
  readonly #limits: TurnLimits;
  readonly #given = new Map<string, number>();
  readonly #asked = new Set<string>();
  /** Those that wait, the longest first. */
  readonly #waiting = new Set<string>();
  #first: ReadonlySet<string> = new Set();
  #left = 0;
  #kept = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** A new sweep begins. */
  begin(): void {
    // Who had a turn and did not take it wants none any more.
    for (const namespace of this.#first) if (!this.#asked.has(namespace)) this.#waiting.delete(namespace);
    this.#asked.clear();
    this.#given.clear();
    this.#first = new Set([...this.#waiting].slice(0, this.#limits.kept));
    this.#left = this.#limits.most;
    this.#kept = this.#first.size;
  }

  /** Whether the namespace may look up one more. */
  take(namespace: string): boolean {
    this.#asked.add(namespace);
    const given = this.#given.get(namespace) ?? 0;
    if (given >= this.#limits.mostOfNamespace) return false;
    const hasTurn = given === 0 && this.#first.has(namespace);
    if (this.#left <= (hasTurn ? 0 : this.#kept)) {
      if (given === 0) this.#waiting.add(namespace);
      return false;
    }
    if (hasTurn) this.#kept -= 1;
    this.#waiting.delete(namespace);
    this.#left -= 1;
    this.#given.set(namespace, given + 1);
    return true;
  }
}
