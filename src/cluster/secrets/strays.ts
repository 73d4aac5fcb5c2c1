import { obsoleteCopies, type ClusterView, type WantedKey } from './wanted.js';

/** A place where a copy of ours may exist although none is wanted. */
export interface Stray {
  readonly namespace: string;
  readonly policy: string;
  readonly copy: string;
}

interface Place {
  /** Since when no copy is wanted there. */
  readonly sinceMs: number;
  /** When there was certainly no copy of ours. */
  cleanMs: number | undefined;
}

// A replica that does not know of a change yet may create one more copy. So the place is checked again after this time.
const againMs = 60_000;

/** Knows where copies of ours may exist that no policy wants any more. */
export class Strays {
  readonly #places = new Map<string, Place>();
  /** Since when no policy has a copy with that name. */
  readonly #obsoleteMs = new Map<string, number>();

  /** Records that a copy may have been made there. */
  maybeAt(namespace: string, copy: string): void {
    this.#places.delete(idOf(namespace, copy));
  }

  /** Records that there is no copy of ours there. */
  noneAt(namespace: string, copy: string, nowMs: number): void {
    const place = this.#places.get(idOf(namespace, copy));
    if (place !== undefined) place.cleanMs = nowMs;
  }

  /** The places to look at. @param copies by the ledger: copy's name → policy's name */
  find(
    { namespaces, rules }: ClusterView,
    wanted: readonly WantedKey[],
    copies: ReadonlyMap<string, string>,
    nowMs: number,
  ): readonly Stray[] {
    this.#noteObsolete(new Set(obsoleteCopies(rules, copies).keys()), nowMs);
    const places = new Set(wanted.flatMap(placesOf));
    for (const id of places) this.#places.delete(id);
    const strays: Stray[] = [];
    for (const [copy, policy] of copies) {
      // A policy that is not valid at the moment keeps its copies, because it is unknown where it matches.
      if (!rules.byPolicy.has(policy) && rules.policyNames.includes(policy)) continue;
      for (const namespace of namespaces.keys()) {
        const id = idOf(namespace, copy);
        if (!places.has(id) && this.#isDue(id, copy, nowMs)) strays.push({ namespace, policy, copy });
      }
    }
    return strays;
  }

  /** Names of the copies that no policy wants and no namespace has any more. */
  gone({ namespaces }: ClusterView): readonly string[] {
    return [...this.#obsoleteMs.keys()].filter((copy) =>
      [...namespaces.keys()].every((namespace) => {
        const place = this.#places.get(idOf(namespace, copy));
        return place?.cleanMs !== undefined && place.cleanMs >= this.#surelyMs(place, copy);
      }),
    );
  }

  /** Records that these copies are no longer in the ledger. One that is added again may have been created anywhere. */
  forget(copies: readonly string[]): void {
    const gone = new Set(copies);
    for (const copy of gone) this.#obsoleteMs.delete(copy);
    for (const id of this.#places.keys()) if (gone.has(id.slice(id.indexOf('/') + 1))) this.#places.delete(id);
  }

  #noteObsolete(obsolete: ReadonlySet<string>, nowMs: number): void {
    for (const copy of this.#obsoleteMs.keys()) if (!obsolete.has(copy)) this.#obsoleteMs.delete(copy);
    for (const copy of obsolete) if (!this.#obsoleteMs.has(copy)) this.#obsoleteMs.set(copy, nowMs);
  }

  #isDue(id: string, copy: string, nowMs: number): boolean {
    let place = this.#places.get(id);
    if (place === undefined) {
      place = { sinceMs: nowMs, cleanMs: undefined };
      this.#places.set(id, place);
    }
    if (place.cleanMs === undefined) return true;
    const surelyMs = this.#surelyMs(place, copy);
    return place.cleanMs < surelyMs && nowMs >= surelyMs;
  }

  /** The time from which a place that was found clean stays clean. */
  #surelyMs({ sinceMs }: Place, copy: string): number {
    return (this.#obsoleteMs.get(copy) ?? sinceMs) + againMs;
  }
}

function idOf(namespace: string, copy: string): string {
  return `${namespace}/${copy}`;
}

/** The places where wanted copies may exist. */
function placesOf({ namespace, mirror }: WantedKey): readonly string[] {
  if (mirror === undefined) return [];
  const { copy, earlierCopy } = mirror;
  return [copy, ...(earlierCopy === undefined ? [] : [earlierCopy])].map((name) => idOf(namespace, name));
}
