import { OutriderError } from '../../model/error.js';
import type { ImageConfig } from '../../model/image.js';
import { imagesSchema } from '../../model/image-map.js';
import { documentProblem } from './configuration.js';
import { readDocuments } from './document-reader.js';
import { schemaProblems } from '../schema/problem.js';

/**
 * Reads what images start from JSON: `{"REFERENCE": {"entrypoint": ["/app"], "cmd": []}}`. Either list may be absent
 * or null. Everything that `readDocuments` refuses is refused here too.
 *
 * @param file the file's name, for messages
 * @throws OutriderError `image_map_invalid` with file, line, field and remedy
 */
export function parseImageMapJson(text: string, file: string): ReadonlyMap<string, ImageConfig> {
  const { documents, problems } = readDocuments({ name: file, text }, 'image_map_invalid');
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const [document, second] = documents;
  if (document === undefined || second !== undefined) {
    const found = document === undefined ? 'is empty' : 'has more than one document';
    const message = `${file}: ${found}; give one JSON object: {"REFERENCE": {"entrypoint": ["/app"], "cmd": []}}.`;
    throw new OutriderError('image_map_invalid', message, { file });
  }
  const result = imagesSchema.safeParse(document.value);
  if (result.success) return new Map(Object.entries(result.data));
  const [first] = schemaProblems(imagesSchema, document.value, result.error.issues);
  throw documentProblem('image_map_invalid', document, first?.path ?? [], first?.text ?? 'is not an image map');
}
