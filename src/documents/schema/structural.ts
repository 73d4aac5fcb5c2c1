import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { rulesKey } from '../../model/validation-rules.js';

const keptUnknown = 'x-kubernetes-preserve-unknown-fields';
/** Keys that mean the same in both dialects. */
const shared = [
  'description',
  'default',
  'type',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'required',
  rulesKey,
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  keptUnknown,
] as const;
const intOrString = 'x-kubernetes-int-or-string';

/**
 * A JSON schema as a custom resource definition may have it: "structural" (Kubernetes documentation, "Specifying a
 * structural schema"), with the type of every value said once, without references, alternatives of types or names for a
 * map's keys. If a value may have several types, the API server accepts it as it is, within the limits that can still be
 * expressed. The rest is checked when the document is read.
 */
export function structuralSchema(node: JsonObject): JsonObject {
  const kept = Object.fromEntries(shared.flatMap((key) => (node[key] === undefined ? [] : [[key, node[key]]])));
  if (node[intOrString] === true) return ofIntOrString(kept);
  const alternatives = alternativesOf(node);
  if (alternatives !== undefined) return { ...kept, ...ofSeveralTypes(alternatives) };
  const { const: constant, properties, additionalProperties, items } = node;
  return {
    ...withoutEmptyBounds(kept),
    ...(constant === undefined ? {} : { enum: [constant] }),
    ...(node['type'] === 'integer' ? { format: 'int64' } : {}),
    // Its pattern says the same at length.
    ...(node['format'] === 'date-time' ? { format: 'date-time', pattern: undefined } : {}),
    // The API server leaves an empty one out, and whoever applies it again would be in conflict with that.
    ...(isObject(properties) && (node[keptUnknown] !== true || Object.keys(properties).length > 0)
      ? { properties: mapValues(properties, structuralSchema) }
      : {}),
    // What is kept unknown needs no type.
    ...(isObject(additionalProperties) && node[keptUnknown] !== true
      ? { additionalProperties: structuralSchema(additionalProperties) }
      : {}),
    ...(isObject(items) ? { items: structuralSchema(items) } : {}),
  };
}

/** The one form in which a structural schema may name two types. */
function ofIntOrString(kept: JsonObject): JsonObject {
  return { ...kept, anyOf: [{ type: 'integer' }, { type: 'string' }], [intOrString]: true };
}

function alternativesOf(node: JsonObject): readonly JsonObject[] | undefined {
  const types = stringsOf(node['type']);
  return (
    types?.map((type) => ({ type })) ??
    (node['anyOf'] === undefined ? undefined : listOf(node['anyOf']).filter(isObject))
  );
}

/**
 * No type at all, and bounds that hold only for values of a certain type, so that each alternative keeps its own. An
 * object or a list that is not an alternative could at most be empty.
 */
function ofSeveralTypes(alternatives: readonly JsonObject[]): JsonObject {
  const of = (...types: readonly string[]): JsonObject | undefined =>
    alternatives.find(({ type }) => types.includes(stringOf(type) ?? ''));
  const objects = alternatives.filter(({ type }) => type === 'object');
  const pick = (from: JsonObject | undefined, ...keys: readonly string[]): JsonObject =>
    Object.fromEntries(keys.flatMap((key) => (from?.[key] === undefined ? [] : [[key, from[key]]])));
  return {
    type: undefined,
    'x-kubernetes-preserve-unknown-fields': true,
    ...pick(of('string'), 'minLength', 'maxLength', 'pattern'),
    ...pick(of('number', 'integer'), 'minimum', 'maximum'),
    ...(of('array') === undefined ? { maxItems: 0 } : {}),
    ...(objects.length === 0 ? { maxProperties: 0 } : requiredOfEach(objects)),
  };
}

/** What each of several objects must have. */
function requiredOfEach(objects: readonly JsonObject[]): JsonObject {
  const [first = [], ...others] = objects.map(({ required }) => stringsOf(required) ?? []);
  const all = first.filter((name) => others.every((names) => names.includes(name)));
  return all.length === 0 ? {} : { required: all };
}

/** Without the bounds of a JavaScript integer, which zod writes down for every integer. */
function withoutEmptyBounds(node: JsonObject): JsonObject {
  const limit = Number.MAX_SAFE_INTEGER;
  const { minimum, maximum, ...rest } = node;
  return {
    ...rest,
    ...(minimum === undefined || minimum === -limit ? {} : { minimum }),
    ...(maximum === undefined || maximum === limit ? {} : { maximum }),
  };
}

function mapValues(object: JsonObject, change: (node: JsonObject) => JsonObject): JsonObject {
  const entries = Object.entries(object).map(([name, value]): [string, JsonValue] => [
    name,
    change(objectOf(value) ?? {}),
  ]);
  return Object.fromEntries(entries);
}
