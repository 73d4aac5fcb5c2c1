import { z } from 'zod';
import { apiVersion } from './names.js';
import { factsSchema } from './offline-facts.js';

// What a policy and a profile may hold is said by their own schemas, when they are read.
const document = z.looseObject({ kind: z.string() });

/** What `fn` is given to work with: a KRM function’s functionConfig. Not a cluster’s kind. */
export const instrumentFunctionSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('InstrumentFunction'),
  metadata: z.looseObject({}).optional(),
  policies: z.array(document).min(1).max(1000).describe('Whole InstrumentationPolicies.'),
  profiles: z
    .array(document)
    .max(1000)
    .exactOptional()
    .describe('Whole InstrumentationProfiles beside the built-in ones.'),
  facts: factsSchema.omit({ missingSecrets: true }).exactOptional().describe('What is known beside the items.'),
  namespace: z.string().min(1).max(63).exactOptional().describe('Namespace of items that name none. Default: default.'),
  lookup: z
    .boolean()
    .exactOptional()
    .describe('Ask registries what images start. Default: false, so that the same input always gives the same output.'),
  failOn: z
    .array(z.enum(['Skip', 'Partial', 'NotLookedAt']))
    .max(3)
    .exactOptional()
    .describe('What is an error beside what a policy denies.'),
});

export type InstrumentFunction = z.infer<typeof instrumentFunctionSchema>;
