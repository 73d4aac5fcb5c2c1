import {
  isArray,
  isObject,
  listOf,
  objectOf,
  stringOf,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json.js';

const lists = ['containers', 'initContainers', 'ephemeralContainers'] as const;

function containersOf(pod: JsonObject): readonly JsonObject[] {
  const spec = objectOf(pod['spec']);
  return lists.flatMap((list) => listOf(spec?.[list]).filter(isObject));
}

function textsOf(items: JsonValue | undefined, field: string): readonly string[] {
  return listOf(items).flatMap((item) => {
    const value = isObject(item) ? item[field] : undefined;
    return typeof value === 'string' ? [value] : [];
  });
}

/** The names that have to differ from each other in a pod; those of variables and mounts by container. */
export function namesOf(pod: JsonObject, kind: 'containers' | 'volumes' | 'env' | 'mounts'): readonly string[] {
  const spec = objectOf(pod['spec']);
  if (kind === 'volumes') return textsOf(spec?.['volumes'], 'name');
  if (kind === 'containers') return lists.flatMap((list) => textsOf(spec?.[list], 'name'));
  const [list, field] = kind === 'env' ? (['env', 'name'] as const) : (['volumeMounts', 'mountPath'] as const);
  return containersOf(pod).flatMap((container, index) =>
    textsOf(container[list], field).map((name) => `${stringOf(container['name']) ?? index} ${name}`),
  );
}

/** Names that are there more than once afterwards, and more often than before. */
export function newDuplicates(before: readonly string[], after: readonly string[]): readonly string[] {
  const count = (names: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
  const had = count(before);
  return [...count(after)].flatMap(([name, times]) => (times > 1 && times > (had.get(name) ?? 0) ? [name] : []));
}

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Whether a pod has the shape that the API server demands in the places that the product reads: what a type of another
 * kind or a name given twice makes of a pod is settled before a webhook is called, or right after it.
 */
export function isPlausible(pod: JsonObject): boolean {
  const spec = objectOf(pod['spec']);
  if (spec === undefined) return false;
  const names = [...namesOf(pod, 'containers')];
  if (names.length === 0 || new Set(names).size < names.length) return false;
  const volumes = namesOf(pod, 'volumes');
  if (new Set(volumes).size < volumes.length) return false;
  return [...names, ...volumes].every((name) => dnsLabel.test(name)) && containersOf(pod).every(isPlausibleContainer);
}

function isPlausibleContainer(container: JsonObject): boolean {
  const variables = textsOf(container['env'], 'name');
  const mounts = textsOf(container['volumeMounts'], 'mountPath');
  return (
    new Set(variables).size === variables.length &&
    variables.length === listOf(container['env']).length &&
    new Set(mounts).size === mounts.length &&
    mounts.length === listOf(container['volumeMounts']).length
  );
}

/** Whether a value has no more levels than that; without recursion. */
export function isShallow(value: JsonValue, levels: number): boolean {
  const waiting: { readonly value: JsonValue; readonly level: number }[] = [{ value, level: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.level > levels) return false;
    const { level } = next;
    if (isArray(next.value)) for (const item of next.value) waiting.push({ value: item, level: level + 1 });
    else if (isObject(next.value)) {
      for (const item of Object.values(next.value))
        if (item !== undefined) waiting.push({ value: item, level: level + 1 });
    }
  }
  return true;
}
