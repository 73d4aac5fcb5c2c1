import { z } from 'zod';
import { isArray, isObject, stringOf, stringsOf, type JsonObject } from '../../model/json.js';

/** Where something is in a document: keys and indexes from the root. */
export type Path = readonly PropertyKey[];

/** What a schema says about one place in a document. */
export interface Place {
  /** Sentence about the field, for people. */
  readonly description: string | undefined;
  /** JSON types that the value may have: string, number, integer, boolean, array, object. */
  readonly types: readonly string[];
  /** Values that are allowed, where they are listed. */
  readonly values: readonly string[];
  /** Fields that an object may have. */
  readonly keys: readonly string[];
}

/** Answers what a schema has at a path, using its JSON schema. */
export class SchemaGuide {
  readonly #root: JsonObject;

  constructor(schema: z.ZodType) {
    this.#root = jsonSchemaOf(schema);
  }

  /** What is at the path; `undefined` where the schema knows nothing about it. */
  at(path: Path): Place | undefined {
    let nodes: readonly JsonObject[] = [this.#root];
    for (const key of path) nodes = nodes.flatMap((node) => step(node, key));
    if (nodes.length === 0) return undefined;
    const flat = nodes.flatMap(branches);
    return {
      description: [...nodes, ...flat].map((node) => stringOf(node['description'])).find((text) => text !== undefined),
      types: [...new Set(flat.flatMap((node) => stringOf(node['type']) ?? stringsOf(node['type']) ?? []))],
      values: flat.flatMap((node) => (stringsOf(node['enum']) ?? []).concat(stringOf(node['const']) ?? [])),
      keys: [...new Set(flat.flatMap((node) => (isObject(node['properties']) ? Object.keys(node['properties']) : [])))],
    };
  }
}

/** The JSON schema of what a user writes, before defaults. */
export function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return isObject(json) ? json : {};
}

/** The alternatives of a schema node, itself when it has none. */
export function branches(node: JsonObject): readonly JsonObject[] {
  const any = node['anyOf'] ?? node['oneOf'] ?? node['allOf'];
  return isArray(any) ? any.filter(isObject).flatMap(branches) : [node];
}

function step(node: JsonObject, key: PropertyKey): readonly JsonObject[] {
  return branches(node).flatMap((branch) => {
    if (typeof key === 'number') return isObject(branch['items']) ? [branch['items']] : [];
    const { properties, additionalProperties } = branch;
    const name = String(key);
    if (isObject(properties) && Object.hasOwn(properties, name)) {
      const property = properties[name];
      return isObject(property) ? [property] : [];
    }
    return isObject(additionalProperties) && Object.keys(additionalProperties).length > 0 ? [additionalProperties] : [];
  });
}

/** A path as people write it: `spec.containers.include[0]`, `metadata.labels["a/b"]`. */
export function fieldName(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z_][-A-Za-z0-9_]*$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}
