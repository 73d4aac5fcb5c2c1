import { mostConditions } from '../registration/match-conditions.js';
import { calledForCondition } from '../registration/not-claimed.js';
import type { OtherMutators } from './other-mutators.js';
import type { Placed } from './place-policies.js';
import type { Skip } from './skips.js';
import type { Term } from './term.js';

/** For which policies the mutating webhook need not be called where the API server did its work. */
export interface Calls {
  readonly skips: ReadonlyMap<string, Skip>;
  /** By policy, for the others: why it is called all the same. */
  readonly why: ReadonlyMap<string, string>;
}

/**
 * Finds out which pods the mutating webhook may be left out for.
 * @param judged by policy: the selectors for which the API server judges
 * @throws what the API server's client throws, except for its refusals
 */
export async function callsOf(
  { conditions, refusals }: Pick<Term, 'conditions' | 'refusals'>,
  placed: readonly Placed[],
  judged: ReadonlyMap<string, string>,
  others: Pick<OtherMutators, 'inTheWay'>,
  signal: AbortSignal,
): Promise<Calls> {
  const skips = new Map<string, Skip>();
  const why = new Map<string, string>();
  conditions.keep(new Set(placed.map(({ calledFor }) => calledFor)));
  for (const { policy, judging, calledFor } of placed) {
    const { name, key, namespaceSelector: namespaces } = policy;
    if (refusals.wordsOf(name) !== undefined) continue;
    const needsJudge = judging.length > 0;
    const objection =
      (needsJudge && judged.get(name) !== key ? 'it is not proven who judges them' : undefined) ??
      (policy.conditions >= mostConditions ? 'its entry has as many match conditions as there may be' : undefined) ??
      others.inTheWay(namespaces) ??
      (await conditions.refusalOf(calledForCondition(calledFor), signal));
    if (objection === undefined) skips.set(name, { key, calledFor, namespaces, needsJudge });
    else why.set(name, objection);
  }
  return { skips, why };
}
