import { z } from 'zod';
import { objectName } from '../../model/policy.js';

/** What is read of a `v1` Namespace: its name and labels. Anything else in it is accepted and not used. */
export const namespaceSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: z.looseObject({
    name: objectName.describe('The namespace’s name.'),
    labels: z.record(z.string(), z.string()).default({}).describe('The namespace’s labels.'),
  }),
});
