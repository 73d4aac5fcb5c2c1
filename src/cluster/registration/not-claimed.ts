import { byApiServer, names } from '../../model/names.js';
import type { LabelRequirement } from '../../model/selector.js';
import { exemptPrefix } from '../../policy/exempt.js';
import type { MatchCondition } from './match-conditions.js';

/** Leaves the pods that the API server instrumented to its own judgement. */
export const notClaimed: LabelRequirement = { key: names.by, operator: 'NotIn', values: [byApiServer] };

const conditionName = `${exemptPrefix}by-api-server`;

/** Leaves out of the mutating webhook's calls what the API server instrumented. @param expression in CEL: when it is called */
export function calledForCondition(expression: string): MatchCondition {
  return { name: conditionName, expression };
}

/** Whether it is such a condition. */
export function isCalledForCondition(name: unknown): boolean {
  return name === conditionName;
}
