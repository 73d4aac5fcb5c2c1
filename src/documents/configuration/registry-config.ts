import { OutriderError } from '../../model/error.js';
import { registryConfigSchema, type RegistryConfig } from '../../model/registry-config.js';
import { documentProblem } from './configuration.js';
import { readDocuments } from './document-reader.js';
import { schemaProblems } from '../schema/problem.js';

/**
 * Reads the one RegistryConfiguration of a file. Everything that `readDocuments` refuses is refused here too.
 *
 * @param file the file's name, for messages
 * @throws AggregateError of OutriderErrors `registry_config_invalid`, each with file, line, field and remedy; a single
 *   one as it is
 */
export function parseRegistryConfig(text: string, file: string): RegistryConfig {
  const { documents, problems } = readDocuments({ name: file, text }, 'registry_config_invalid');
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const [document, second] = documents;
  if (document === undefined || second !== undefined) {
    const found = document === undefined ? 'is empty' : 'has more than one document';
    const message = `${file}: ${found}; give one document of kind RegistryConfiguration.`;
    throw new OutriderError('registry_config_invalid', message, { file });
  }
  const result = registryConfigSchema.safeParse(document.value);
  if (result.success) return result.data;
  const found = schemaProblems(registryConfigSchema, document.value, result.error.issues);
  const errors = found.map(({ path, text }) => documentProblem('registry_config_invalid', document, path, text));
  const [first] = errors;
  throw errors.length === 1 && first !== undefined ? first : new AggregateError(errors, `${file} is not valid.`);
}
