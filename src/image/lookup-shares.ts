import type { JsonObject } from '../model/json.js';

/** The limits on look-ups, so that there are some for everybody. */
export interface LookupCaps {
  /** Distinct look-ups of one pod. */
  readonly perPod: number;
  /** Look-ups of one namespace that are in progress at once. */
  readonly perNamespace: number;
}

/** The defaults. */
export const defaultLookupCaps: LookupCaps = { perPod: 50, perNamespace: 200 };

/** Thrown if a namespace has as many look-ups in progress as it may have. */
export class TooManyOfNamespace extends Error {
  override readonly name = 'TooManyOfNamespace';
}

/** Counts look-ups by pod and by namespace. A look-up over a cap does not affect others. */
export class LookupShares {
  readonly #caps: LookupCaps;
  readonly #ofPod = new WeakMap<JsonObject, Set<string>>();
  readonly #underWay = new Map<string, number>();

  constructor(caps: Partial<LookupCaps> = {}) {
    this.#caps = { ...defaultLookupCaps, ...caps };
  }

  /** Whether the pod may have this looked up. What it has asked for already does not count again. */
  admits(pod: JsonObject, question: string): boolean {
    const asked = this.#ofPod.get(pod) ?? new Set();
    if (asked.has(question)) return true;
    if (asked.size >= this.#caps.perPod) return false;
    this.#ofPod.set(pod, asked.add(question));
    return true;
  }

  /**
   * Runs a look-up of the namespace. It counts until it ends, whether or not anyone still waits for it.
   *
   * @throws TooManyOfNamespace, and what the look-up throws
   */
  async during<T>(namespace: string, lookUp: () => Promise<T>): Promise<T> {
    const others = this.#underWay.get(namespace) ?? 0;
    if (others >= this.#caps.perNamespace) throw new TooManyOfNamespace('Too many look-ups are under way.');
    this.#underWay.set(namespace, others + 1);
    try {
      return await lookUp();
    } finally {
      const left = (this.#underWay.get(namespace) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(namespace);
      else this.#underWay.set(namespace, left);
    }
  }
}
