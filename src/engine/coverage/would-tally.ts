import { wouldDecisions, type WouldBeOf, type WouldCount } from '../../model/coverage.js';

type Counted = WouldBeOf & { pods: number };

/**
 * Counts what would be done with pods of policies that only report, by decision and reason. Both are of closed lists, so
 * that it stays small. Nothing is allocated for pods of other policies.
 */
export class WouldTally {
  #counts: Map<string, Counted> | undefined;

  /** @param pods how many, below zero to take them out again */
  add(would: WouldBeOf | undefined, pods = 1): void {
    if (would === undefined) return;
    const counts = (this.#counts ??= new Map<string, Counted>());
    const key = `${would.decision} ${would.reason} ${would.ifFound ?? ''}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { ...would, pods });
    else known.pods += pods;
  }

  merge(other: WouldTally): void {
    for (const { pods, ...would } of other.#counts?.values() ?? []) this.add(would, pods);
  }

  /** What was counted, for a report: by decision, most pods first. Empty where nothing was. */
  shown(): { readonly would?: readonly WouldCount[] } {
    if (this.#counts === undefined) return {};
    const counts = [...this.#counts.values()].filter(({ pods }) => pods > 0);
    return { would: counts.map((one) => ({ ...one })).sort(inOrder) };
  }
}

function inOrder(one: WouldCount, other: WouldCount): number {
  return (
    wouldDecisions.indexOf(one.decision) - wouldDecisions.indexOf(other.decision) ||
    other.pods - one.pods ||
    (one.reason < other.reason ? -1 : Number(one.reason > other.reason))
  );
}
