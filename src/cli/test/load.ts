import { dirname, join } from 'node:path';
import {
  mayHoldPolicyTests,
  readPolicyTests,
  type ReadPolicyTest,
} from '../../documents/configuration/policy-tests.js';
import { readManifests, type ManifestDocument } from '../../documents/manifest/manifest.js';
import { createMapResolver } from '../../image/map-resolver.js';
import { RegistryError } from '../../image/types.js';
import { OutriderError } from '../../model/error.js';
import type { ImageConfig } from '../../model/image.js';
import { together } from '../errors.js';
import { readInputs, type Input } from '../files/inputs.js';
import type { OpenImages } from '../image/open-images.js';
import type { Io } from '../io.js';
import { fixedEngine, type FixedEngine } from '../offline/fixed-engine.js';
import { findResource, indexOf, resourcesIn, type Resource } from './resource.js';

/** A case with the resource that it is about. */
export interface LoadedCase {
  /** Place in the test’s list, from 0. */
  readonly index: number;
  readonly line: number;
  readonly about: ReadPolicyTest['test']['cases'][number];
  readonly resource: Resource;
}

/** A PolicyTest with everything that it names. */
export interface LoadedTest {
  readonly file: Input;
  readonly read: ReadPolicyTest;
  readonly engine: FixedEngine;
  readonly resources: readonly Resource[];
  readonly cases: readonly LoadedCase[];
}

/**
 * Reads the PolicyTests of files and folders, with the policies and resources that they name.
 *
 * @throws OutriderError, or an AggregateError of them: everything that is wrong; `usage` if there is no test
 */
export async function loadTests(paths: readonly string[], io: Io): Promise<readonly LoadedTest[]> {
  const loaded: LoadedTest[] = [];
  const problems: OutriderError[] = [];
  for (const file of await readInputs(paths, io)) {
    if (!mayHoldPolicyTests(file.text)) continue;
    const found = readPolicyTests(file);
    problems.push(...found.problems);
    for (const read of found.tests) {
      try {
        loaded.push(await loadTest(file, read, io));
      } catch (error) {
        problems.push(...errorsIn(error));
      }
    }
  }
  if (problems.length > 0) throw together(problems);
  if (loaded.length > 0) return loaded;
  throw new OutriderError('usage', `${paths.join(', ')}: there is no PolicyTest; write one, or name another folder.`);
}

async function loadTest(file: Input, read: ReadPolicyTest, io: Io): Promise<LoadedTest> {
  const { policies, resources: named, facts = {}, cases } = read.test;
  const files = await readNamed(file, policies, io);
  const documents: { readonly file: Input; readonly document: ManifestDocument }[] = [];
  for (const input of await readNamed(file, named, io)) {
    for (const document of readManifests(input.text, input.name)) documents.push({ file: input, document });
  }
  const engine = await fixedEngine({
    files,
    documents: documents.map(({ document }) => document),
    facts,
    openImages: withoutLookups,
  });
  const resources = documents.flatMap(({ file: { name, path }, document }) => resourcesIn(name, path, document));
  const byName = indexOf(resources);
  return {
    file,
    read,
    engine,
    resources,
    cases: cases.map((about, index) => {
      const line = read.lineOf(['cases', index]);
      const at = `${file.name}:${read.lineOf(['cases', index, 'resource'])}: cases[${index}].resource`;
      return { index, line, about, resource: findResource(about, byName, { at, file }) };
    }),
  };
}

/** Paths in a test are relative to the test’s own folder. */
export function besideTest(file: Input, path: string): string {
  return path.startsWith('/') ? path : join(dirname(file.name), path);
}

async function readNamed(file: Input, paths: readonly string[], io: Io): Promise<readonly Input[]> {
  try {
    return await readInputs(
      paths.map((path) => besideTest(file, path)),
      io,
    );
  } catch (error) {
    if (!(error instanceof OutriderError)) throw error;
    throw new OutriderError(error.code, `${file.name} names ${error.message}`, { file: file.name, cause: error });
  }
}

/** Tests ask no registry, so the results are the same on every day and every machine. */
function withoutLookups(map: ReadonlyMap<string, ImageConfig>): OpenImages {
  try {
    return { resolver: createMapResolver(map), lookUp: undefined, close: () => Promise.resolve() };
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new OutriderError('image_map_invalid', `image map: ${cause.message}; fix the reference.`, { cause });
  }
}

function errorsIn(error: unknown): readonly OutriderError[] {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => {
    if (each instanceof OutriderError) return each;
    throw each;
  });
}
