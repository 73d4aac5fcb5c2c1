// The change that gives a workload new pods, and how to tell later that it was ours.
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** The annotation of `kubectl rollout restart`, which people and tools know. */
const restartedAt = 'kubectl.kubernetes.io/restartedAt';

/**
 * A merge patch that restarts an object, and that the API server refuses (`Conflict`) if the object is no longer as it was
 * read.
 *
 * @param at RFC 3339, in whole seconds, by the API server's date
 */
export function restartPatch(object: JsonObject, at: string): JsonObject {
  const resourceVersion = stringOf(objectOf(object['metadata'])?.['resourceVersion']);
  const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
  return isArgo(object)
    ? { ...metadata, spec: { restartAt: at } }
    : { ...metadata, spec: { template: { metadata: { annotations: { [restartedAt]: at } } } } };
}

/** When the object was last restarted; `undefined`: never, or the annotation was removed. */
export function restartOf(object: JsonObject): string | undefined {
  const spec = objectOf(object['spec']);
  if (isArgo(object)) return stringOf(spec?.['restartAt']);
  const metadata = objectOf(objectOf(spec?.['template'])?.['metadata']);
  return stringOf(objectOf(metadata?.['annotations'])?.[restartedAt]);
}

/** Whether the object's last restart was written by one of these field managers. */
export function isRestartedBy(object: JsonObject, managers: readonly string[]): boolean {
  if (restartOf(object) === undefined) return false;
  const path = isArgo(object)
    ? ['f:spec', 'f:restartAt']
    : ['f:spec', 'f:template', 'f:metadata', 'f:annotations', `f:${restartedAt}`];
  return listOf(objectOf(object['metadata'])?.['managedFields'])
    .filter(isObject)
    .some((entry) => managers.includes(stringOf(entry['manager']) ?? '') && holds(entry['fieldsV1'], path));
}

function holds(fields: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const inside = objectOf(fields)?.[key];
  return inside !== undefined && holds(inside, rest);
}

function isArgo({ apiVersion, kind }: JsonObject): boolean {
  return kind === 'Rollout' && stringOf(apiVersion)?.startsWith('argoproj.io/') === true;
}
