import type { z } from 'zod';
import { OutriderError, type ErrorCode } from '../../model/error.js';
import type { ImageConfig } from '../../model/image.js';
import { imageMapSchema } from '../../model/image-map.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersion } from '../../model/names.js';
import { didYouMean } from '../../model/nearest.js';
import { objectName, policySchema, type Policy } from '../../model/policy.js';
import { profileSchema, type Profile } from '../../model/profile.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { readDocuments, type ReadDocument, type TextFile } from './document-reader.js';
import { namespaceSchema } from './namespace-schema.js';
import { fieldName, type Path } from '../schema/guide.js';
import { schemaProblems } from '../schema/problem.js';

/** The place of a document. */
export interface Source {
  readonly file: string;
  /** Line of the document's first field, from 1. */
  readonly line: number;
}

export interface ConfiguredPolicy extends Source {
  readonly policy: Policy;
}

export interface ConfiguredProfile extends Source {
  readonly profile: Profile;
}

/** A policy that has a name but is otherwise not valid. The reader says what can still be known about its scope. */
export interface InvalidPolicy extends Source {
  readonly name: string;
  /** The document as it was written. */
  readonly document: JsonObject;
  readonly error: OutriderError;
}

/** The contents of a configuration's documents. */
export interface Configuration {
  readonly policies: readonly ConfiguredPolicy[];
  readonly profiles: readonly ConfiguredProfile[];
  /** The operator's image map: by reference as it is in pods. */
  readonly images: ReadonlyMap<string, ImageConfig>;
  /** Labels of namespaces, by name. */
  readonly namespaces: ReadonlyMap<string, StringMap>;
  readonly invalidPolicies: readonly InvalidPolicy[];
}

export interface ParsedConfiguration {
  readonly configuration: Configuration;
  /** Everything that is wrong, each with file, line, field and remedy. */
  readonly problems: readonly OutriderError[];
}

const kinds: Readonly<Record<string, string>> = {
  InstrumentationPolicy: apiVersion,
  InstrumentationProfile: apiVersion,
  ImageMap: apiVersion,
  Namespace: 'v1',
};
const knownKinds = `InstrumentationPolicy, InstrumentationProfile and ImageMap (${apiVersion}), and Namespace (v1)`;

/**
 * Reads a configuration: policies, profiles, image maps and plain Namespaces, in any number of YAML or JSON files of any
 * number of documents. Never throws because of a file's content: errors are in `problems`, and everything valid is in
 * `configuration`. It does not check whether a policy's profile and settings exist.
 */
export function parseConfiguration(files: readonly TextFile[]): ParsedConfiguration {
  const parser = new ConfigurationParser();
  for (const file of files) parser.file(file);
  return parser.result();
}

class ConfigurationParser {
  readonly #policies: ConfiguredPolicy[] = [];
  readonly #profiles: ConfiguredProfile[] = [];
  readonly #images = new Map<string, ImageConfig>();
  readonly #namespaces = new Map<string, StringMap>();
  readonly #invalidPolicies: InvalidPolicy[] = [];
  readonly #problems: OutriderError[] = [];
  /** The first place of each kind and name. */
  readonly #seen = new Map<string, { readonly document: ReadDocument; readonly path: Path }>();

  file(file: TextFile): void {
    const { documents, problems } = readDocuments(file);
    this.#problems.push(...problems);
    for (const document of documents) this.#document(document);
  }

  result(): ParsedConfiguration {
    return {
      configuration: {
        policies: this.#policies,
        profiles: this.#profiles,
        images: this.#images,
        namespaces: this.#namespaces,
        invalidPolicies: this.#invalidPolicies,
      },
      problems: this.#problems,
    };
  }

  #document(document: ReadDocument): void {
    const { value } = document;
    if (!isObject(value)) {
      this.#report('document_invalid', document, [], `is no mapping; give an object of kind ${knownKinds}`);
      return;
    }
    const kind = stringOf(value['kind']);
    const version = kind !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (kind === undefined || version === undefined) {
      const hint = kind === undefined ? ';' : didYouMean(kind, Object.keys(kinds)) || ';';
      const found = kind === undefined ? 'is missing' : `is ${kind}, which is no configuration`;
      this.#report('document_invalid', document, ['kind'], `${found}${hint} known are ${knownKinds}`);
      return;
    }
    if (value['apiVersion'] !== version) {
      const given = stringOf(value['apiVersion']);
      const found = given === undefined ? 'is missing' : `is ${given}, which ${kind} does not have`;
      const error = this.#report('document_invalid', document, ['apiVersion'], `${found}; give ${version}`);
      if (kind === 'InstrumentationPolicy') this.#invalidPolicy(document, error);
      return;
    }
    switch (kind) {
      case 'InstrumentationPolicy':
        this.#policy(document);
        break;
      case 'InstrumentationProfile':
        this.#profile(document);
        break;
      case 'ImageMap':
        this.#imageMap(document);
        break;
      default:
        this.#namespace(document);
    }
  }

  #policy(document: ReadDocument): void {
    const result = policySchema.safeParse(document.value);
    if (!result.success) {
      this.#invalidPolicy(document, this.#reportAll('policy_invalid', policySchema, document, result.error));
    } else if (this.#isFirst('policy_invalid', document, 'InstrumentationPolicy', result.data.metadata.name)) {
      this.#policies.push({ policy: result.data, ...sourceOf(document) });
    }
  }

  #invalidPolicy(document: ReadDocument, error: OutriderError): void {
    const written = objectOf(document.value) ?? {};
    const name = objectName.safeParse(objectOf(written['metadata'])?.['name']);
    if (!name.success || !this.#isFirst('policy_invalid', document, 'InstrumentationPolicy', name.data)) return;
    this.#invalidPolicies.push({ name: name.data, document: written, error, ...sourceOf(document) });
  }

  #profile(document: ReadDocument): void {
    const result = profileSchema.safeParse(document.value);
    if (!result.success) this.#reportAll('profile_invalid', profileSchema, document, result.error);
    else if (this.#isFirst('profile_invalid', document, 'InstrumentationProfile', result.data.metadata.name)) {
      this.#profiles.push({ profile: result.data, ...sourceOf(document) });
    }
  }

  #imageMap(document: ReadDocument): void {
    const result = imageMapSchema.safeParse(document.value);
    if (!result.success) {
      this.#reportAll('image_map_invalid', imageMapSchema, document, result.error);
      return;
    }
    const name = result.data.metadata?.name;
    if (name !== undefined && !this.#isFirst('image_map_invalid', document, 'ImageMap', name)) return;
    for (const [reference, config] of Object.entries(result.data.images)) {
      if (this.#isFirst('image_map_invalid', document, 'image', reference, ['images', reference])) {
        this.#images.set(reference, config);
      }
    }
  }

  #namespace(document: ReadDocument): void {
    const result = namespaceSchema.safeParse(document.value);
    if (!result.success) {
      this.#reportAll('document_invalid', namespaceSchema, document, result.error);
      return;
    }
    const { name, labels } = result.data.metadata;
    if (!this.#isFirst('document_invalid', document, 'Namespace', name)) return;
    this.#namespaces.set(name, namespaceLabelsOf(name, labels));
  }

  /** Whether a name is new among its kind; reports it when it is not. */
  #isFirst(
    code: ErrorCode,
    document: ReadDocument,
    kind: string,
    name: string,
    path: Path = ['metadata', 'name'],
  ): boolean {
    const id = `${kind} ${name}`;
    const first = this.#seen.get(id);
    if (first === undefined) {
      this.#seen.set(id, { document, path });
      return true;
    }
    const place = `${first.document.file}:${first.document.lineOf(first.path)}`;
    this.#report(code, document, path, `repeats ${id} of ${place}; take one of the two out or name it differently`);
    return false;
  }

  #reportAll(code: ErrorCode, schema: z.ZodType, document: ReadDocument, error: z.ZodError): OutriderError {
    const [first, ...others] = schemaProblems(schema, document.value, error.issues).map(({ path, text }) =>
      this.#report(code, document, path, text),
    );
    return first ?? others[0] ?? this.#report(code, document, [], 'is not valid; compare it with the reference');
  }

  #report(code: ErrorCode, document: ReadDocument, path: Path, text: string): OutriderError {
    const error = documentProblem(code, document, path, text);
    this.#problems.push(error);
    return error;
  }
}

function sourceOf(document: ReadDocument): Source {
  return { file: document.file, line: document.lineOf([]) };
}

/** The error for one field of a document: file, line, document, field, then the text. */
export function documentProblem(code: ErrorCode, document: ReadDocument, path: Path, text: string): OutriderError {
  const field = fieldName(path);
  const place = `${document.file}:${document.lineOf(path)} (document ${document.number})`;
  return new OutriderError(code, `${place}: ${field === '' ? 'the document' : field} ${text}.`, {
    file: document.file,
    ...(field === '' ? {} : { field }),
  });
}
