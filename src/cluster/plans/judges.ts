/**
 * By policy: the selectors for which the API server judges the pods that it instrumented. Whoever changes this tells the
 * webhook's entries to follow.
 */
export class Judges {
  readonly #onJudged: () => void;
  #judged: Map<string, string> | undefined;

  /** @param onJudged called when the answer is another one */
  constructor(onJudged: () => void) {
    this.#onJudged = onJudged;
  }

  /** `undefined` while it is not found out what is in force. */
  get known(): ReadonlyMap<string, string> | undefined {
    return this.#judged;
  }

  /** From now on the webhook judges these. @returns whether that is new of any */
  drop(policies: Iterable<string>): boolean {
    let isNew = false;
    for (const policy of policies) isNew = this.#judged?.delete(policy) === true || isNew;
    if (isNew) this.#onJudged();
    return isNew;
  }

  /** From now on the webhook judges these, which is said in any case: what is in force may be of an earlier leader. */
  takeBack(policies: Iterable<string>): void {
    this.#judged ??= new Map();
    for (const policy of policies) this.#judged.delete(policy);
    this.#onJudged();
  }

  settle(judged: ReadonlyMap<string, string>): void {
    const before = this.#judged;
    this.#judged = new Map(judged);
    if (before === undefined || !isSameMap(before, judged)) this.#onJudged();
  }

  /** Ends a term. */
  forget(): void {
    this.#judged = undefined;
  }
}

function isSameMap(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
