import { z } from 'zod';
import { imageMapSchema } from '../../model/image-map.js';
import { instrumentFunctionSchema } from '../../model/instrument-function.js';
import { isObject, type JsonObject } from '../../model/json.js';
import { policySchema } from '../../model/policy.js';
import { policyTestSchema } from '../../model/policy-test.js';
import { profileSchema } from '../../model/profile.js';
import { registryConfigSchema } from '../../model/registry-config.js';

interface About {
  readonly title: string;
  readonly schema: z.ZodType;
}

const abouts = {
  policy: { title: 'InstrumentationPolicy', schema: policySchema },
  profile: { title: 'InstrumentationProfile', schema: profileSchema },
  'image-map': { title: 'ImageMap', schema: imageMapSchema },
  'registry-configuration': { title: 'RegistryConfiguration', schema: registryConfigSchema },
  'policy-test': { title: 'PolicyTest', schema: policyTestSchema },
  'instrument-function': { title: 'InstrumentFunction', schema: instrumentFunctionSchema },
} as const satisfies Readonly<Record<string, About>>;

/** A kind of document that has a JSON schema. */
export type SchemaName = keyof typeof abouts;

/** Every name, in the order of the documentation. */
export const schemaNames = Object.keys(abouts) as readonly SchemaName[];

/**
 * The JSON schema of what a person writes, for editors and linters: draft 7, which all of them know. Relations between
 * fields are only checked when a document is read.
 */
export function jsonSchema(name: SchemaName): JsonObject {
  const { title, schema } = abouts[name];
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-7' });
  const { $schema, ...rest } = isObject(json) ? json : {};
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest };
}

/** A schema as text. The same build gives the same text. */
export function jsonSchemaText(name: SchemaName): string {
  return `${JSON.stringify(jsonSchema(name), undefined, 2)}\n`;
}
