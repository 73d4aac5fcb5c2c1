import { isObject, listOf, type JsonObject } from '../../model/json.js';

/** The pull secrets of a recipe that a pod lacks, and which of these it gets. */
export interface PullSecrets {
  readonly missing: readonly string[];
  /** All that are missing, or none. */
  readonly added: readonly string[];
}

const none: PullSecrets = { missing: [], added: [] };

/**
 * Decides which pull secrets a pod gets. A manifest that lists none gets none. Otherwise the ServiceAccount's would be lost,
 * because they are only added to a pod without any (E31).
 *
 * @param admitted whether the ServiceAccount's are in the pod already: true at admission, false in a manifest
 */
export function pullSecretsFor(
  spec: JsonObject | undefined,
  wanted: readonly string[],
  admitted: boolean,
): PullSecrets {
  if (wanted.length === 0) return none;
  const present = listOf(spec?.['imagePullSecrets']);
  const missing = wanted.filter((name) => !present.some((secret) => isObject(secret) && secret['name'] === name));
  return { missing, added: present.length === 0 && !admitted ? [] : missing };
}

/** The pod as it will be with these pull secrets; the same pod where none is added. */
export function withPullSecrets(pod: JsonObject, spec: JsonObject | undefined, added: readonly string[]): JsonObject {
  if (added.length === 0) return pod;
  const imagePullSecrets = [...listOf(spec?.['imagePullSecrets']), ...added.map((name) => ({ name }))];
  return { ...pod, spec: { ...spec, imagePullSecrets } };
}
