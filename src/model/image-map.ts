import { z } from 'zod';
import { entrypointOf } from './image.js';
import { apiVersion } from './names.js';
import { objectName } from './policy.js';

// Tools that print an image's configuration write null for an empty list.
const words = z
  .array(z.string().max(32_768))
  .max(4096)
  .nullish()
  .transform((list): readonly string[] => list ?? []);

/** What images start, by reference as it is in pods. */
export const imagesSchema = z
  .record(
    z.string().regex(/^\S{1,1024}$/, 'must be an image reference without blanks'),
    z.strictObject({
      entrypoint: words.transform(entrypointOf).describe('The image’s ENTRYPOINT.'),
      cmd: words.describe('The image’s CMD.'),
    }),
  )
  .describe('By image reference, as it stands in pods: what the image starts.');

/** An ImageMap: what images start, for images that nobody can look up. Not a cluster's kind: files only. */
export const imageMapSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ImageMap'),
  metadata: z.looseObject({ name: objectName.optional() }).optional(),
  images: imagesSchema,
});

export type ImageMap = z.infer<typeof imageMapSchema>;
