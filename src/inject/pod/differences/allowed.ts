import { compileGlob } from '../../../model/glob.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../../model/json.js';
import { readPointer } from '../../../model/json-pointer.js';
import type { AllowedDifference } from '../../../model/recipe.js';
import { same } from '../covers.js';
import type { Difference } from './difference.js';

/** Whether an operator's entry allows a difference. */
export function isAllowedByOperator(
  entries: readonly AllowedDifference[],
  { part, place, value }: Difference,
): boolean {
  if (entries.length === 0) return false;
  return entries.some((entry) => {
    const [of, ...rest] = readPointer(entry.path);
    if (of !== part && !(of === '*' && part !== 'volume')) return false;
    if (rest.length !== place.length || !rest.every((token, index) => token === place[index])) return false;
    if (typeof entry.value === 'string' && typeof value === 'string') return compileGlob(entry.value)(value);
    return same(withoutDefaults(value), withoutDefaults(entry.value));
  });
}

/**
 * A value as it is compared and printed: without what the API server fills in, so that one entry applies before and after.
 */
export function withoutDefaults(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(withoutDefaults);
  if (!isObject(value)) return value;
  const kept: Record<string, JsonValue> = {};
  for (const field in value) {
    const inside = value[field];
    if (inside === undefined || inside === null || isDefault(field, inside, value)) continue;
    kept[field] = withoutDefaults(inside);
  }
  return kept;
}

function isDefault(field: string, value: JsonValue, of: JsonObject): boolean {
  if (field === 'apiVersion') return value === 'v1' && of['fieldPath'] !== undefined;
  return field === 'readOnly' && value === false;
}
