import type { LabelSelector } from '../../model/selector.js';

/** Pods of one policy for which the mutating webhook is not called. */
export interface Skip {
  /** Which pods the policy is for: `selectorsKey`. It holds for these selectors alone. */
  readonly key: string;
  /** In CEL: the pods for which it is called. */
  readonly calledFor: string;
  /** The policy's namespaces. */
  readonly namespaces: LabelSelector;
  /** Whether it holds only while the API server judges the policy's pods. */
  readonly needsJudge: boolean;
}

/** The skips of one term as the leader, by policy. Whoever changes them tells the webhook's entries to follow. */
export class Skips {
  readonly #onChange: () => void;
  #skips: ReadonlyMap<string, Skip> = new Map();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  of(policy: string): Skip | undefined {
    return this.#skips.get(policy);
  }

  settle(skips: ReadonlyMap<string, Skip>): void {
    const before = this.#skips;
    this.#skips = skips;
    const isSame =
      before.size === skips.size &&
      [...skips].every(([policy, { key, calledFor, needsJudge }]) => {
        const other = before.get(policy);
        return other?.key === key && other.calledFor === calledFor && other.needsJudge === needsJudge;
      });
    if (!isSame) this.#onChange();
  }

  /** From now on the webhook is called for all pods of the policies for which this is so. */
  drop(isOver: (policy: string, skip: Skip) => boolean): void {
    this.settle(new Map([...this.#skips].filter(([policy, skip]) => !isOver(policy, skip))));
  }

  /** Ends a term: the next leader finds out by itself. */
  forget(): void {
    this.#skips = new Map();
  }
}
