import { isArray, isObject, objectOf } from '../model/json.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { sameQuantity } from './quantity.js';

/** Fields of a container that others fill in or raise, and that never prove anything: LimitRanger's, for one. */
const tolerated: ReadonlySet<string> = new Set(['resources']);
/** Fields that do not tell our container from another; whether they are as planned is a question of its own. */
const telling: ReadonlySet<string> = new Set(['resources', 'securityContext', 'env']);
/** Lists of a container in which others may add members (a token mount), each with the field that tells members apart. */
const keyed: Readonly<Record<string, string>> = { env: 'name', volumeMounts: 'mountPath' };

/** Whether a container is one of ours, whatever became of its security context and variables. */
export function isSameContainer(actual: JsonObject, planned: JsonObject): boolean {
  return gapBut(telling, actual, planned) === undefined;
}

/**
 * The first field of the planned container that the actual one lacks or has otherwise; `undefined` when it holds
 * everything. What others added is tolerated (E17): token mounts, defaulted fields, resources.
 */
export function firstGap(actual: JsonObject, planned: JsonObject): string | undefined {
  return gapBut(tolerated, actual, planned);
}

function gapBut(ignored: ReadonlySet<string>, actual: JsonObject, planned: JsonObject): string | undefined {
  for (const field in planned) {
    if (ignored.has(field)) continue;
    const wanted = planned[field];
    const found = actual[field];
    const key = keyed[field];
    const same = key === undefined ? covers(found, wanted) : membersCover(found, wanted, key);
    if (!same) return field;
  }
  // A command or args that the plan leaves to the image must not be there.
  return startsOtherwise('command', actual, planned) ?? startsOtherwise('args', actual, planned);
}

function startsOtherwise(field: string, actual: JsonObject, planned: JsonObject): string | undefined {
  const found = actual[field];
  return planned[field] === undefined && isArray(found) && found.length > 0 ? field : undefined;
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

/** Whether `actual` has every field of `planned`; lists must be equal. */
function covers(actual: JsonValue | undefined, planned: JsonValue | undefined): boolean {
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
