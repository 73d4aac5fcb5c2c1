import { OutriderError } from '../../model/error.js';
import { readDocuments } from './document-reader.js';

/**
 * Reads the one document of a settings file. Everything that `readDocuments` refuses is refused here too.
 *
 * @param name the file's name, for messages
 * @returns what the document holds; `undefined` for an empty file
 * @throws OutriderError `usage`
 */
export function parseSettingsFile(text: string, name: string): unknown {
  const { documents, problems } = readDocuments({ name, text }, 'usage');
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const [document, second] = documents;
  if (second !== undefined) {
    throw new OutriderError('usage', `${name} has more than one document; keep one.`, { file: name });
  }
  return document?.value;
}
