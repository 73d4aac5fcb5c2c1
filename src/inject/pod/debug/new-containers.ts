import type { Finding } from '../../../model/decision.js';
import { listOf, objectOf, type JsonObject } from '../../../model/json.js';
import { readEphemeralContainers, type ContainerBody } from '../view.js';

/**
 * The ephemeral containers that an update adds to a pod. It looks at nothing else, because existing ones cannot change, and
 * the API server drops everything else in an update through this subresource.
 *
 * @param maxContainers the limit; further containers are not looked at
 * @returns a finding, which names the field that does not have a container's shape
 */
export function newContainers(
  before: JsonObject,
  after: JsonObject,
  maxContainers: number,
): readonly ContainerBody[] | Finding {
  const known = new Set(ephemeralIn(before).map((container) => objectOf(container)?.['name']));
  const all = readEphemeralContainers(objectOf(after['spec']) ?? {});
  if ('reason' in all) return all;
  const added = all.filter(({ name }) => !known.has(name));
  if (added.length <= maxContainers) return added;
  const detail = `${added.length} debug containers are added, and at most ${maxContainers} are looked at`;
  return { reason: 'too_many_containers', detail };
}

function ephemeralIn(pod: JsonObject): readonly unknown[] {
  return listOf(objectOf(pod['spec'])?.['ephemeralContainers']);
}
