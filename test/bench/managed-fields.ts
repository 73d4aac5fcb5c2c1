import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';

/** Fields that tell the elements of a list apart. Lists of other names are one value. */
const keys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  env: ['name'],
  ports: ['containerPort', 'protocol'],
  ownerReferences: ['uid'],
};

/** Lists whose elements are one value each. */
const atomic: ReadonlySet<string> = new Set(['ownerReferences']);

/** What is always there is not itself a field that someone set. */
const given: ReadonlySet<string> = new Set(['metadata', 'spec', 'containers']);

/**
 * What an API server writes into `metadata.managedFields` of a pod that the controller of ReplicaSets creates: one entry, with
 * a field for each thing that is set, in the order of their names. It is written before volumes of tokens are added.
 *
 * @param metadata annotations, generateName, labels and ownerReferences
 * @param spec without what admission adds
 * @param time when the pod is created, RFC 3339
 */
export function managedFields(metadata: JsonObject, spec: JsonObject, time: string): readonly JsonObject[] {
  return [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': fieldsOf('metadata', metadata), 'f:spec': fieldsOf('spec', spec) },
    },
  ];
}

function fieldsOf(name: string, value: JsonValue | undefined): JsonObject {
  const entries = entriesOf(name, value);
  return { ...(given.has(name) || entries.length === 0 ? {} : { '.': {} }), ...Object.fromEntries(entries) };
}

type Entry = readonly [string, JsonObject];

function entriesOf(name: string, value: JsonValue | undefined): readonly Entry[] {
  if (isObject(value)) {
    return Object.entries(value)
      .map(([field, of]): Entry => [`f:${field}`, fieldsOf(field, of)])
      .sort(byName);
  }
  const by = keys[name];
  if (!isArray(value) || by === undefined) return [];
  const whole = atomic.has(name);
  return value.map((one): Entry => [keyOf(one, by), whole ? {} : fieldsOf('', one)]).sort(byName);
}

function byName([a]: Entry, [b]: Entry): number {
  return a < b ? -1 : 1;
}

function keyOf(element: JsonValue, by: readonly string[]): string {
  const of = isObject(element) ? element : {};
  return `k:${JSON.stringify(Object.fromEntries(by.map((name) => [name, of[name]])))}`;
}
