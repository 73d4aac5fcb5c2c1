import type { JsonObject } from '../../../model/json.js';
import type { NamespaceLimits } from '../../../model/namespace-limits.js';
import type { PlannedMember } from '../plan.js';

/** What our containers became in some pod: their values in the order of the members, and a hash of what was fitted. */
export interface KeptFit {
  readonly values: readonly JsonObject[];
  readonly digest: string | undefined;
}

/** What, beside the containers and the namespace, a fit depends on. */
export interface FitTerms {
  readonly demands: number;
  readonly guaranteed: boolean;
}

interface Row extends FitTerms, KeptFit {
  readonly planned: readonly JsonObject[];
}

/** As many of one namespace: a recipe's containers come out in few ways. */
const mostOfNamespace = 16;

/**
 * Fits that come out alike for pod after pod, made once: those of containers under a recipe's own names, which are frozen,
 * in a namespace that asks nothing of the pod as a whole. They go when what is known of the namespace does.
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

  /** Keeps a fit, unless something of a pod is in it. */
  keep(limits: NamespaceLimits, members: readonly PlannedMember[], terms: FitTerms, fit: KeptFit): void {
    const planned = members.map(({ value }) => value);
    if (limits.pod.size > 0 || !planned.every((value) => Object.isFrozen(value))) return;
    const rows = this.#byLimits.get(limits);
    // Containers are made anew when the cluster's facts change; with too many all is begun anew.
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
