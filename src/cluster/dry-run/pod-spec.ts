import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** Fields of a running pod's spec that nobody writes into a new one. */
const serversFields = ['nodeName', 'ephemeralContainers'];

/** The spec of a new pod. That of a running one has a node, and maybe debug containers. */
export function withoutServersFields(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !serversFields.includes(field)));
}

/**
 * The volumes of a StatefulSet's pod. Its controller adds one for each claim template, in place of a volume of that name.
 *
 * @returns the field, or nothing without claim templates
 */
export function claimedVolumes(
  spec: JsonObject,
  statefulSet: JsonObject,
  podName: string,
): { readonly volumes?: readonly JsonObject[] } {
  const claims = listOf(objectOf(statefulSet['spec'])?.['volumeClaimTemplates']).flatMap((template) => {
    const name = stringOf(objectOf(objectOf(template)?.['metadata'])?.['name']);
    return name === undefined ? [] : [name];
  });
  if (claims.length === 0) return {};
  const others = listOf(spec['volumes']).filter(isObject);
  return {
    volumes: [
      ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: `${name}-${podName}` } })),
      ...others.filter((volume) => !claims.includes(stringOf(volume['name']) ?? '')),
    ],
  };
}
