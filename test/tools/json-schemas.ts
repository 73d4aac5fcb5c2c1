import { jsonSchemaText, schemaNames } from '../../src/documents/schema/json-schemas.js';
import type { GeneratedFile } from './generated.js';

/** The JSON schemas, where editors find them beside the examples. */
export const schemaFiles: readonly GeneratedFile[] = schemaNames.map((name) => ({
  path: `deploy/schemas/${name}.json`,
  make: () => jsonSchemaText(name),
}));
