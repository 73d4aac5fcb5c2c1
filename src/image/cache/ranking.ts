/** Names by integer weights. It finds a heaviest one without searching all of them. */
export class Ranking {
  readonly #weights = new Map<string, number>();
  readonly #names = new Map<number, Set<string>>();
  #top = 0;

  /** @param weight 0 takes the name out */
  put(name: string, weight: number): void {
    const before = this.#weights.get(name);
    if (before === weight) return;
    if (before !== undefined) this.#take(name, before);
    if (weight > 0) this.#add(name, weight);
    // Every step down was a step up before.
    while (this.#top > 0 && !this.#names.has(this.#top)) this.#top--;
  }

  /** One of the heaviest: the one that has had that weight for longest. */
  heaviest(): string | undefined {
    const [name] = this.#names.get(this.#top) ?? [];
    return name;
  }

  weightOf(name: string): number {
    return this.#weights.get(name) ?? 0;
  }

  #add(name: string, weight: number): void {
    this.#weights.set(name, weight);
    const equals = this.#names.get(weight);
    if (equals === undefined) this.#names.set(weight, new Set([name]));
    else equals.add(name);
    this.#top = Math.max(this.#top, weight);
  }

  #take(name: string, weight: number): void {
    this.#weights.delete(name);
    const equals = this.#names.get(weight);
    equals?.delete(name);
    if (equals?.size === 0) this.#names.delete(weight);
  }
}
