import t from 'tap';
import { z } from 'zod';
import { customResourceDefinitions } from '../../../src/documents/schema/crd.js';
import { jsonSchemaOf } from '../../../src/documents/schema/guide.js';
import { structuralSchema } from '../../../src/documents/schema/structural.js';
import { isObject, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';

const structural = (schema: z.ZodType): unknown => JSON.parse(JSON.stringify(structuralSchema(jsonSchemaOf(schema))));

t.test('what a structural schema cannot say is left out, or said otherwise', (t) => {
  t.same(structural(z.strictObject({ a: z.string().max(5).optional(), b: z.literal('x') })), {
    type: 'object',
    required: ['b'],
    properties: { a: { type: 'string', maxLength: 5 }, b: { type: 'string', enum: ['x'] } },
  });
  t.same(structural(z.record(z.string().regex(/^a/), z.int().min(1))), {
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 1, format: 'int64' },
  });
  const anything = { 'x-kubernetes-preserve-unknown-fields': true };
  t.same(structural(z.union([z.string().max(9), z.boolean()]).describe('One of two.')), {
    ...anything,
    description: 'One of two.',
    maxLength: 9,
    maxItems: 0,
    maxProperties: 0,
  });
  t.same(structural(z.union([z.int().min(1).max(9), z.strictObject({ a: z.string() })])), {
    ...anything,
    minimum: 1,
    maximum: 9,
    maxItems: 0,
    required: ['a'],
  });
  const objects = z.union([
    z.int().min(1).max(9),
    z.strictObject({ a: z.string(), b: z.string() }),
    z.strictObject({ a: z.string(), c: z.string() }),
  ]);
  t.same(structural(objects), { ...anything, minimum: 1, maximum: 9, maxItems: 0, required: ['a'] }, 'what each needs');
  t.match(structural(z.iso.datetime()), { type: 'string', format: 'date-time', pattern: undefined });
  t.end();
});

t.test('every value has one type, or says that it may have several', (t) => {
  const wrong: string[] = [];
  const walk = (node: JsonObject, path: string): void => {
    const isOpen = node['x-kubernetes-preserve-unknown-fields'] === true;
    const several = node['x-kubernetes-int-or-string'] === true || (isOpen && node['type'] !== 'object');
    if (several === (typeof node['type'] === 'string')) wrong.push(path);
    for (const key of ['$ref', 'propertyNames', 'const', 'oneOf', 'allOf'])
      if (key in node) wrong.push(`${path} ${key}`);
    for (const [name, child] of Object.entries(objectOf(node['properties']) ?? {})) {
      if (isObject(child)) walk(child, `${path}.${name}`);
    }
    for (const key of ['items', 'additionalProperties']) {
      const child = node[key];
      if (isObject(child)) walk(child, `${path}[]`);
      else if (child !== undefined) wrong.push(`${path} ${key}`);
    }
  };
  for (const definition of customResourceDefinitions()) {
    const [served] = listOf(objectOf(definition['spec'])?.['versions']);
    walk(objectOf(objectOf(objectOf(served)?.['schema'])?.['openAPIV3Schema']) ?? {}, '');
  }
  t.same(wrong, []);
  t.end();
});
