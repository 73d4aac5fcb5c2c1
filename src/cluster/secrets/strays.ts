import { obsoleteCopies, type ClusterView, type WantedKey } from './wanted.js';

/** A place where a copy of ours may stand, and none is wanted. */
export interface Stray {
  readonly namespace: string;
  readonly policy: string;
  readonly copy: string;
}

/** Knows where copies of ours may stand that no policy wants there any more. */
export class Strays {
  /** Where there is certainly no copy of ours. */
  readonly #clean = new Set<string>();

  /** A copy may have been made there. */
  maybeAt(namespace: string, copy: string): void {
    this.#clean.delete(idOf(namespace, copy));
  }

  /** There is no copy of ours there. */
  noneAt(namespace: string, copy: string): void {
    this.#clean.add(idOf(namespace, copy));
  }

  /** The places to look at. @param copies by the ledger: copy's name → policy's name */
  find(
    { namespaces, rules }: ClusterView,
    wanted: readonly WantedKey[],
    copies: ReadonlyMap<string, string>,
  ): readonly Stray[] {
    const places = new Set(wanted.flatMap(({ namespace, mirror }) => (mirror ? [idOf(namespace, mirror.copy)] : [])));
    const strays: Stray[] = [];
    for (const [copy, policy] of copies) {
      // A policy that is not valid just now keeps its copies: where it matches is not known.
      if (!rules.byPolicy.has(policy) && rules.policyNames.includes(policy)) continue;
      for (const namespace of namespaces.keys()) {
        const id = idOf(namespace, copy);
        if (!places.has(id) && !this.#clean.has(id)) strays.push({ namespace, policy, copy });
      }
    }
    return strays;
  }

  /** Names of the copies that no policy wants and no namespace has any more. */
  gone({ rules, namespaces }: ClusterView, copies: ReadonlyMap<string, string>): readonly string[] {
    return [...obsoleteCopies(rules, copies).keys()].filter((copy) =>
      [...namespaces.keys()].every((namespace) => this.#clean.has(idOf(namespace, copy))),
    );
  }
}

function idOf(namespace: string, copy: string): string {
  return `${namespace}/${copy}`;
}
