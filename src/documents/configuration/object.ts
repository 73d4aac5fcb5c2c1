import type { z } from 'zod';
import { OutriderError, type ErrorCode } from '../../model/error.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { policySchema, type Policy } from '../../model/policy.js';
import { profileSchema, type Profile } from '../../model/profile.js';
import { fieldName } from '../schema/guide.js';
import { schemaProblems } from '../schema/problem.js';

/** An object read by its schema, or what is wrong with it. */
export type ReadObject<Value> =
  { readonly value: Value; readonly error: undefined } | { readonly value: undefined; readonly error: OutriderError };

/** Reads a policy from the API server, by the same schema as a policy in a file. */
export function readPolicyObject(object: JsonObject): ReadObject<Policy> {
  return readObject(object, policySchema, 'policy', 'policy_invalid');
}

/** Reads a profile from the API server, by the same schema as a profile in a file. */
export function readProfileObject(object: JsonObject): ReadObject<Profile> {
  return readObject(object, profileSchema, 'profile', 'profile_invalid');
}

/** The error has the sentences that a document in a file would get, in one message, and the field of the first one. */
function readObject<Schema extends z.ZodType>(
  object: JsonObject,
  schema: Schema,
  word: string,
  code: ErrorCode,
): ReadObject<z.infer<Schema>> {
  const result = schema.safeParse(object);
  if (result.success) return { value: result.data, error: undefined };
  const problems = schemaProblems(schema, object, result.error.issues).map(({ path, text }) => ({
    field: fieldName(path),
    text,
  }));
  const sentences = problems.map(({ field, text }) => `${field === '' ? 'the document' : field} ${text}.`);
  const name = stringOf(objectOf(object['metadata'])?.['name']) ?? '?';
  const field = problems[0]?.field ?? '';
  const error = new OutriderError(code, `${word} ${name}: ${sentences.join(' ')}`, field === '' ? {} : { field });
  return { value: undefined, error };
}
