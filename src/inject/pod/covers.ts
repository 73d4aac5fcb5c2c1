import { isArray, isObject, listOf, objectOf, stringOf } from '../../model/json.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import { sameQuantity } from '../../model/quantity.js';
import { mountPoint } from '../path.js';

/** Fields of a container that others fill in or raise, and that never prove anything: LimitRanger's, for one. */
const tolerated: ReadonlySet<string> = new Set(['resources']);
/** Fields that do not tell our container from another; whether they are as planned is a question of its own. */
const telling: ReadonlySet<string> = new Set(['resources', 'securityContext', 'env']);
/** Lists of a container in which others may add members (a token mount), each with the field that tells members apart. */
const keyed: Readonly<Record<string, string>> = { env: 'name', volumeMounts: 'mountPath' };

/** Fields that nobody adds to other people's containers, and that would change what ours do. */
const untouchable = [
  'command',
  'args',
  'workingDir',
  'lifecycle',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'volumeDevices',
] as const;

/** Whether a container is one of ours, whatever became of its security context and variables. */
export function isSameContainer(actual: JsonObject, planned: JsonObject): boolean {
  return gapBut(telling, actual, planned) === undefined;
}

/**
 * The first field of the planned container that the actual one lacks or has otherwise; `undefined` when it has all. What
 * others add to every container is tolerated (E17): token mounts, variables, defaulted fields, resources. What would
 * make another container of it is not: a mount over its files, a hook, a privilege.
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
  for (const field of untouchable) {
    if (planned[field] === undefined && !isNothing(actual[field])) return field;
  }
  if (!ignored.has('securityContext') && hasPrivilege(actual['securityContext'])) return 'securityContext';
  return hidesFiles(actual, planned) ? 'volumeMounts' : undefined;
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (isArray(value) && value.length === 0);
}

function hasPrivilege(securityContext: JsonValue | undefined): boolean {
  const security = objectOf(securityContext);
  return security?.['privileged'] === true || !isNothing(objectOf(security?.['capabilities'])?.['add']);
}

/** Where tokens are mounted into every container: whoever copies or reads a folder around them does not mean them. */
const secretFolders = ['/var/run/secrets/', '/run/secrets/'] as const;

/** Whether a mount that is not planned lies over, under or around a path that the planned container works with. */
function hidesFiles(actual: JsonObject, planned: JsonObject): boolean {
  const own = new Set(listOf(planned['volumeMounts']).map((mount) => objectOf(mount)?.['mountPath']));
  const mounts = listOf(actual['volumeMounts']).filter(isObject);
  const others = mounts.filter(({ mountPath }) => !own.has(mountPath));
  if (others.length === 0) return false;
  const words = listOf(planned['command']).filter((word) => typeof word === 'string' && word.startsWith('/'));
  const paths = [...own, ...words].flatMap((path) => (typeof path === 'string' ? [mountPoint(path)] : []));
  return others.some(({ mountPath }) => {
    const other = mountPoint(stringOf(mountPath) ?? '');
    if (secretFolders.some((folder) => other.startsWith(folder))) return false;
    return paths.some((path) => path.startsWith(other) || other.startsWith(path));
  });
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
