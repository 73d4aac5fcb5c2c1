import type { JsonObject } from '../../../model/json.js';
import type { NamespaceLimits } from '../../../model/namespace-limits.js';
import type { PlannedMember } from '../plan.js';

/** The result for our containers in some pod: their values in the order of the members, and a hash of what was fitted. */
export interface KeptFit {
  readonly values: readonly JsonObject[];
  readonly digest: string | undefined;
}

/** What a fit depends on, besides the containers and the namespace. */
export interface FitTerms {
  readonly demands: number;
  readonly guaranteed: boolean;
}

interface Row extends FitTerms, KeptFit {
  readonly planned: readonly JsonObject[];
}

/** The limit for one namespace. A recipe's containers have few different results. */
const mostOfNamespace = 16;

/**
 * Fits that are the same for many pods, computed once: those of containers under a recipe's own names, which are frozen, in
 * a namespace without requirements for the pod as a whole. They are dropped together with what is known about the namespace.
 */
export class KeptFits {
  readonly #byLimits = new WeakMap<NamespaceLimits, Row[]>();

  find(limits: NamespaceLimits, members: readonly PlannedMember[], terms: FitTerms): KeptFit | undefined {
    const rows = this.#byLimits.get(limits);
    if (rows === undefined) return undefined;
    for (const row of rows) {
      if (row.demands === terms.demands && row.guaranteed === terms.guaranteed && isOf(row, members)) return row;
    }
    return undefined;
  }

  /** Keeps a fit, unless it contains something from a pod. */
  keep(limits: NamespaceLimits, members: readonly PlannedMember[], terms: FitTerms, fit: KeptFit): void {
    const planned = members.map(({ value }) => value);
    if (limits.pod.size > 0 || !planned.every((value) => Object.isFrozen(value))) return;
    const rows = this.#byLimits.get(limits);
    // Containers are made again when the cluster's facts change. If there are too many, start over.
    if (rows === undefined || rows.length >= mostOfNamespace)
      this.#byLimits.set(limits, [{ ...terms, ...fit, planned }]);
    else rows.push({ ...terms, ...fit, planned });
  }
}

function isOf({ planned }: Row, members: readonly PlannedMember[]): boolean {
  if (planned.length !== members.length) return false;
  for (let index = 0; index < members.length; index++) if (planned[index] !== members[index]?.value) return false;
  return true;
}
