import { builtInProfiles } from '../../profile/registry.js';
import { isStampedBy } from '../../inject/pod/record.js';
import { everyRule, type Rule, type Rules } from '../rules.js';

/** How a plan that is written on a pod stands to the policy's plan of now. `unknown`: of no profile or version known here. */
export type PlanAge = 'current' | 'other' | 'unknown';

/**
 * Says whether a plan is the one of now, another one that this version knows, or one that it does not: of another
 * profile's name, or of a later version of a profile.
 */
export function ageOfPlan(plan: string, rule: Rule, rules: Rules): PlanAge {
  if (isStampedBy(plan, rule.stamp)) return 'current';
  const [name = '', version = '', hash = ''] = plan.split('/');
  const known = versionOf(name, rule, rules);
  if (known === undefined || !/^[0-9a-f]{12}$/.test(hash)) return 'unknown';
  if (version === known) return 'other';
  const isEarlier = /^\d{1,9}$/.test(version) && /^\d{1,9}$/.test(known) && Number(version) < Number(known);
  return isEarlier ? 'other' : 'unknown';
}

/** The version that a profile has here. */
function versionOf(name: string, rule: Rule, rules: Rules): string | undefined {
  const others = everyRule(rules).map(([, other]) => other);
  const used = [rule, ...others].find(({ recipe }) => recipe.profile === name);
  if (used !== undefined) return used.recipe.version;
  return builtInProfiles().find(({ metadata }) => metadata.name === name)?.spec.version;
}
