import type { Condition } from '../model/profile.js';
import type { TemplateValues } from './template.js';

/** Whether a part is used: every field of its condition that is given must hold; without a condition it always is. */
export function holds(condition: Condition | undefined, values: TemplateValues): boolean {
  if (condition === undefined) return true;
  if (condition.prefer !== undefined && condition.prefer !== values.prefer) return false;
  if (condition.setting === undefined) return true;
  const value = values.settings.get(condition.setting);
  return condition.equals === undefined ? value !== undefined : value === condition.equals;
}
