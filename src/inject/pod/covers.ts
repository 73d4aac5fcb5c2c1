import { isArray, isObject } from '../../model/json.js';
import type { JsonValue } from '../../model/json.js';

/** Whether `actual` has every field of `planned`, and possibly additional defaulted ones. Lists must be equal. */
export function covers(actual: JsonValue | undefined, planned: JsonValue | undefined): boolean {
  if (isObject(planned)) {
    if (!isObject(actual)) return false;
    for (const field in planned) if (!covers(actual[field], planned[field])) return false;
    return true;
  }
  return same(actual, planned);
}

/** Deep equality of JSON. */
export function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key]));
}
