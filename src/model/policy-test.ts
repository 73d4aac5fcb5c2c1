import { z } from 'zod';
import { apiVersion } from './names.js';
import { factsSchema } from './offline-facts.js';
import { objectName } from './policy.js';
import { reasonCodes } from './reasons.js';

const path = z.string().min(1).max(4096);

const paths = z.array(path).min(1).max(1000);

/** What a case expects. Only what is given is compared. */
export const expectationSchema = z
  .strictObject({
    decision: z
      .enum(['inject', 'partial', 'skip'])
      .exactOptional()
      .describe('What is done to the pod. Whether it may run is admission.'),
    reason: z.enum(reasonCodes).exactOptional().describe('The code of the decision’s reason.'),
    policy: objectName.nullable().exactOptional().describe('Name of the policy that wins; null for none.'),
    containers: z
      .array(z.string().min(1).max(253))
      .max(1000)
      .exactOptional()
      .describe('Names of the containers that are instrumented, all of them, in any order.'),
    admission: z
      .enum(['Allowed', 'Denied'])
      .exactOptional()
      .describe('Whether the pod may run as it then is, at the door that checks.'),
    output: path
      .exactOptional()
      .describe('File with the document as it comes out, relative to this file. It is compared as data.'),
  })
  .refine((expected) => Object.keys(expected).length > 0, { error: 'must have at least one field' });

export type Expectation = z.infer<typeof expectationSchema>;

const caseSchema = z.strictObject({
  name: z.string().min(1).max(512).exactOptional().describe('What the case shows. Default: its resource.'),
  resource: z
    .string()
    .min(1)
    .max(1024)
    .describe('The workload, as reports call it: deploy/web, Deployment/web, pod/web, task/shop.'),
  file: path.exactOptional().describe('The resource’s file, where several have one of that name.'),
  namespace: z
    .string()
    .min(1)
    .max(63)
    .exactOptional()
    .describe('Namespace of the resource; for one that names none, where it goes. Default: default.'),
  expect: expectationSchema
    .exactOptional()
    .describe('What is expected. A case without fails until --update writes down what comes out.'),
});

/** Cases that say what policies make of resources. Not a cluster’s kind: files only. */
export const policyTestSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PolicyTest'),
  metadata: z.looseObject({ name: objectName.exactOptional() }).optional(),
  policies: paths.describe('Files and folders with policies, profiles and image maps, relative to this file.'),
  resources: paths.describe('Files and folders with the resources, relative to this file.'),
  facts: factsSchema
    .exactOptional()
    .describe('What is known beside the files. Nothing is asked of a cluster or a registry.'),
  cases: z.array(caseSchema).min(1).max(10_000).describe('What is expected of which resource.'),
});

export type PolicyTest = z.infer<typeof policyTestSchema>;
export type PolicyTestCase = PolicyTest['cases'][number];
