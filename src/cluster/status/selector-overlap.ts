import type { LabelSelector } from '../../model/selector.js';

/** The requirements of selectors for one label. */
interface Demand {
  /** Values that it may have; `undefined`: any. */
  allowed: ReadonlySet<string> | undefined;
  readonly refused: Set<string>;
  mustExist: boolean;
  mustBeAbsent: boolean;
}

/**
 * Whether labels can exist that both selectors select. False only if the two contradict each other for some label, so true
 * only means that no contradiction was found.
 */
export function canBothSelect(one: LabelSelector, other: LabelSelector): boolean {
  const demands = new Map<string, Demand>();
  for (const selector of [one, other]) collect(selector, demands);
  return [...demands.values()].every(canBeMet);
}

function collect({ matchLabels, matchExpressions }: LabelSelector, demands: Map<string, Demand>): void {
  const at = (key: string): Demand => {
    const known = demands.get(key);
    if (known !== undefined) return known;
    const made: Demand = { allowed: undefined, refused: new Set(), mustExist: false, mustBeAbsent: false };
    demands.set(key, made);
    return made;
  };
  const allow = (demand: Demand, values: readonly string[]): void => {
    const { allowed } = demand;
    demand.allowed = new Set(allowed === undefined ? values : values.filter((value) => allowed.has(value)));
    demand.mustExist = true;
  };
  for (const [key, value] of Object.entries(matchLabels ?? {})) allow(at(key), [value]);
  for (const { key, operator, values = [] } of matchExpressions ?? []) {
    const demand = at(key);
    if (operator === 'In') allow(demand, values);
    else if (operator === 'NotIn') for (const value of values) demand.refused.add(value);
    else if (operator === 'Exists') demand.mustExist = true;
    else demand.mustBeAbsent = true;
  }
}

function canBeMet({ allowed, refused, mustExist, mustBeAbsent }: Demand): boolean {
  if (mustExist && mustBeAbsent) return false;
  return allowed === undefined || [...allowed].some((value) => !refused.has(value));
}
