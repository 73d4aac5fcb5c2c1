import { isObject, listOf, objectOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import type { Difference } from './difference.js';

/**
 * Restores one of our containers to the plan. What others may add stays, such as a token's mount or the uid of an OpenShift
 * namespace, because the API server's plug-ins do not run a third time.
 */
export function restoredContainer(
  actual: JsonObject,
  planned: JsonObject,
  differences: readonly Difference[],
): JsonObject {
  const touched = new Set(differences.map(({ place }) => place[0]));
  const restored: Record<string, JsonValue> = {};
  for (const field in planned) {
    const value = touched.has(field) ? rebuilt(field, actual, planned, differences) : (actual[field] ?? planned[field]);
    if (value !== undefined) restored[field] = value;
  }
  for (const field in actual) {
    if (planned[field] !== undefined) continue;
    const value = touched.has(field) ? rebuilt(field, actual, planned, differences) : actual[field];
    if (value !== undefined) restored[field] = value;
  }
  return restored;
}

function rebuilt(
  field: string,
  actual: JsonObject,
  planned: JsonObject,
  differences: readonly Difference[],
): JsonValue | undefined {
  if (field === 'env') return rebuiltList(field, 'name', actual, planned, differences);
  if (field === 'volumeMounts') return rebuiltList(field, 'mountPath', actual, planned, differences);
  if (field !== 'securityContext') return planned[field];
  const wrong = new Set(differences.filter(({ place }) => place[0] === field).map(({ place }) => place[1]));
  const wanted = objectOf(planned[field]) ?? {};
  const found = Object.entries(objectOf(actual[field]) ?? {}).filter(([name]) => !wrong.has(name));
  return toJson({ ...wanted, ...Object.fromEntries(found) });
}

/** The planned members in order, then what others may add. */
function rebuiltList(
  field: string,
  key: string,
  actual: JsonObject,
  planned: JsonObject,
  differences: readonly Difference[],
): JsonValue {
  const wanted = listOf(planned[field]);
  const others = new Set([
    ...wanted.map((member) => objectOf(member)?.[key]),
    ...differences.filter(({ place }) => place[0] === field).map(({ place }) => place[1]),
  ]);
  return [...wanted, ...listOf(actual[field]).filter((member) => isObject(member) && !others.has(member[key]))];
}

function toJson(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return fields;
}
