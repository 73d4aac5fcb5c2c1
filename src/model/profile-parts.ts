import { z } from 'zod';
import { preferSchema } from './policy.js';

/** Name of an environment variable. */
export const envName = z.string().regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, 'must be an environment variable’s name');
/** Name of a container or a volume in a pod. */
export const containerName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/, 'must be a DNS label of at most 50 characters');
/** A path from the root. */
export const absolutePath = z.string().regex(/^\/[^:]*$/, 'must be an absolute path without a colon');
/** Text in which `${settings.NAME}` and `${prefer}` stand for values, and `$${` for a literal `${`. */
export const template = z.string().max(4096);
/** Name of a profile’s setting. */
export const settingName = z
  .string()
  .max(64)
  .regex(/^[a-z][A-Za-z0-9]*$/, 'must be letters and digits, with a lower case letter first');
/** Value of a profile’s setting. */
export const settingValue = z.union([z.string(), z.number(), z.boolean()]);

/** When a part of a recipe is used. */
export const condition = z
  .strictObject({
    prefer: preferSchema.optional().describe('Holds when the policy prefers this.'),
    setting: z.string().optional().describe('Holds when this setting has a value, or the value in equals.'),
    equals: settingValue.optional().describe('Value that the setting must have.'),
  })
  .describe('When the part is used. Every field that is given must hold.');

/** One word of an argv, or one that is used on a condition. */
export const argSchema = z.union([
  template,
  z.strictObject({ value: template, when: condition }).describe('An argument that is used on a condition.'),
]);
