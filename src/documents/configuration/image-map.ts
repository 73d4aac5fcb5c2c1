import type { ImageConfig } from '../../model/image.js';
import { imagesSchema } from '../../model/image-map.js';
import { documentProblem } from './configuration.js';
import { onlyDocument } from './only-document.js';
import { schemaProblems } from '../schema/problem.js';

/**
 * Reads what images start from JSON: `{"REFERENCE": {"entrypoint": ["/app"], "cmd": []}}`. Either list may be absent
 * or null. Everything that `readDocuments` refuses is refused here too.
 *
 * @param file the file's name, for messages
 * @throws OutriderError `image_map_invalid` with file, line, field and remedy
 */
export function parseImageMapJson(text: string, file: string): ReadonlyMap<string, ImageConfig> {
  const wanted = 'one JSON object: {"REFERENCE": {"entrypoint": ["/app"], "cmd": []}}';
  const document = onlyDocument(text, file, 'image_map_invalid', wanted);
  const result = imagesSchema.safeParse(document.value);
  if (result.success) return new Map(Object.entries(result.data));
  const [first] = schemaProblems(imagesSchema, document.value, result.error.issues);
  throw documentProblem('image_map_invalid', document, first?.path ?? [], first?.text ?? 'is not an image map');
}
