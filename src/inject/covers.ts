import { isArray, isObject, objectOf } from '../model/json.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { sameQuantity } from './quantity.js';

/** Fields of a container that others fill in or raise, and that never prove anything: LimitRanger's, for one. */
const tolerated = new Set(['resources']);
/** Lists of a container in which others may add members (a token mount), each with the field that tells members apart. */
const keyed: Readonly<Record<string, string>> = { env: 'name', volumeMounts: 'mountPath' };

/**
 * Whether a container holds everything that the planned one asks for. What others added is tolerated (E17): token
 * mounts, defaulted fields, resources.
 */
export function containerCovers(actual: JsonObject, planned: JsonObject): boolean {
  return firstGap(actual, planned) === undefined;
}

/** The first field of the planned container that the actual one lacks or has otherwise; `undefined` when none. */
export function firstGap(actual: JsonObject, planned: JsonObject): string | undefined {
  for (const field in planned) {
    if (tolerated.has(field)) continue;
    const wanted = planned[field];
    const found = actual[field];
    const key = keyed[field];
    const same = key === undefined ? covers(found, wanted) : membersCover(found, wanted, key);
    if (!same) return field;
  }
  // A command or args that the plan leaves to the image must not be there.
  for (const field of ['command', 'args']) {
    const found = actual[field];
    if (planned[field] === undefined && isArray(found) && found.length > 0) return field;
  }
  return undefined;
}

/** Whether a volume is the planned one: same source, nothing more in it but defaults, quantities by amount. */
export function volumeIs(actual: JsonObject, planned: JsonObject): boolean {
  for (const field in actual) {
    if (field !== 'name' && planned[field] === undefined && actual[field] !== undefined && actual[field] !== null) {
      return false;
    }
  }
  for (const field in planned) {
    if (field === 'name') continue;
    const wanted = objectOf(planned[field]);
    const found = objectOf(actual[field]);
    if (wanted === undefined || found === undefined) return false;
    for (const key in wanted) {
      if (!same(found[key], wanted[key]) && !(key === 'sizeLimit' && sameQuantity(found[key], wanted[key])))
        return false;
    }
    if (field === 'emptyDir' && found['medium'] !== undefined && found['medium'] !== '') return false;
  }
  return true;
}

function membersCover(actual: JsonValue | undefined, planned: JsonValue | undefined, key: string): boolean {
  if (!isArray(planned)) return true;
  if (!isArray(actual)) return planned.length === 0;
  return planned.every((wanted) => {
    if (!isObject(wanted)) return false;
    // Of two members of one name, the last one counts, as it does for the kubelet.
    const found = actual.findLast((member) => isObject(member) && member[key] === wanted[key]);
    return covers(found, wanted);
  });
}

/** Whether `actual` has every field of `planned`, and perhaps defaulted ones beside them; lists must be equal. */
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
