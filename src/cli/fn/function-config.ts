import type { TextFile } from '../../documents/configuration/document-reader.js';
import { fieldName } from '../../documents/schema/guide.js';
import { schemaProblems } from '../../documents/schema/problem.js';
import { OutriderError } from '../../model/error.js';
import { instrumentFunctionSchema, type InstrumentFunction } from '../../model/instrument-function.js';
import { isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { together } from '../errors.js';

/** The content of a functionConfig. */
export interface FunctionConfig extends Pick<InstrumentFunction, 'facts' | 'namespace' | 'lookup' | 'failOn'> {
  /** Its policies, profiles and image maps, as files of a configuration. */
  readonly files: readonly TextFile[];
}

const forms =
  'an InstrumentFunction, an InstrumentationPolicy, or a ConfigMap whose data are files of policies, such as policy.yaml';

/**
 * Reads a functionConfig: an InstrumentFunction, a single policy, or a ConfigMap, which pipelines make for a function that
 * has no kind of its own.
 *
 * @throws OutriderError `function_config_invalid`, or an AggregateError of them
 */
export function readFunctionConfig(config: JsonValue | undefined): FunctionConfig {
  if (!isObject(config)) throw invalid(`functionConfig is missing; give ${forms}.`);
  switch (stringOf(config['kind']) ?? '') {
    case 'InstrumentationPolicy':
      return { files: [fileOf('functionConfig', config)] };
    case 'ConfigMap':
      return { files: filesIn(config) };
    case 'InstrumentFunction':
      return readInstrumentFunction(config);
    default:
      throw invalid(`functionConfig is of kind ${stringOf(config['kind']) ?? '(none)'}; give ${forms}.`);
  }
}

function readInstrumentFunction(config: JsonObject): FunctionConfig {
  const result = instrumentFunctionSchema.safeParse(config);
  if (!result.success) {
    const problems = schemaProblems(instrumentFunctionSchema, config, result.error.issues);
    throw together(problems.map(({ path, text }) => invalid(`functionConfig: ${fieldName(path)} ${text}.`, path)));
  }
  const { policies, profiles = [], facts, namespace, lookup, failOn } = result.data;
  const named = (list: string, documents: readonly object[]): readonly TextFile[] =>
    documents.map((document, index) => fileOf(`functionConfig ${list}[${index}]`, document));
  return {
    files: [...named('policies', policies), ...named('profiles', profiles)],
    ...(facts === undefined ? {} : { facts }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(lookup === undefined ? {} : { lookup }),
    ...(failOn === undefined ? {} : { failOn }),
  };
}

function filesIn(config: JsonObject): readonly TextFile[] {
  const entries = Object.entries(objectOf(config['data']) ?? {});
  const stray = entries.find(([key, value]) => !/\.(ya?ml|json)$/.test(key) || typeof value !== 'string');
  if (stray !== undefined) {
    throw invalid(`functionConfig data.${stray[0]} is no file of policies; name it NAME.yaml, and give its text.`);
  }
  if (entries.length === 0) throw invalid(`functionConfig is a ConfigMap without data; give ${forms}.`);
  return entries.map(([key, value]) => ({ name: `functionConfig data.${key}`, text: stringOf(value) ?? '' }));
}

/** JSON is YAML too. Messages then name the field, though not the line. */
function fileOf(name: string, document: object): TextFile {
  return { name, text: JSON.stringify(document) };
}

function invalid(message: string, path: readonly PropertyKey[] = []): OutriderError {
  return new OutriderError('function_config_invalid', message, path.length === 0 ? {} : { field: fieldName(path) });
}
