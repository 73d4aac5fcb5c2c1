import { OutriderError, type ErrorCode } from '../../model/error.js';
import { readDocuments, type ReadDocument } from './document-reader.js';

/**
 * Reads a file that holds one document. Everything that `readDocuments` refuses is refused here too.
 *
 * @param file the file's name, for messages
 * @param wanted what to give, for messages
 * @throws OutriderError with the code, for the first thing that is wrong
 */
export function onlyDocument(text: string, file: string, code: ErrorCode, wanted: string): ReadDocument {
  const { documents, problems } = readDocuments({ name: file, text }, code);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const [document, second] = documents;
  if (document !== undefined && second === undefined) return document;
  const found = document === undefined ? 'is empty' : 'has more than one document';
  throw new OutriderError(code, `${file}: ${found}; give ${wanted}.`, { file });
}
