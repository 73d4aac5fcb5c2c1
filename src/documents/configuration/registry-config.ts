import { registryConfigSchema, type RegistryConfig } from '../../model/registry-config.js';
import { documentProblem } from './configuration.js';
import { onlyDocument } from './only-document.js';
import { schemaProblems } from '../schema/problem.js';

/**
 * Reads the one RegistryConfiguration of a file. Everything that `readDocuments` refuses is refused here too.
 *
 * @param file the file's name, for messages
 * @throws AggregateError of OutriderErrors `registry_config_invalid`, each with file, line, field and remedy; a single
 *   one as it is
 */
export function parseRegistryConfig(text: string, file: string): RegistryConfig {
  const document = onlyDocument(text, file, 'registry_config_invalid', 'one document of kind RegistryConfiguration');
  const result = registryConfigSchema.safeParse(document.value);
  if (result.success) return result.data;
  const found = schemaProblems(registryConfigSchema, document.value, result.error.issues);
  const errors = found.map(({ path, text }) => documentProblem('registry_config_invalid', document, path, text));
  const [first] = errors;
  throw errors.length === 1 && first !== undefined ? first : new AggregateError(errors, `${file} is not valid.`);
}
