import { lstat, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { editDocument } from '../../documents/edit/edit.js';
import { readManifests } from '../../documents/manifest/manifest.js';
import { OutriderError } from '../../model/error.js';
import { isArray, type JsonObject, type JsonValue } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import { systemReason } from '../../model/system-error.js';
import type { Input } from '../files/inputs.js';
import type { Io } from '../io.js';
import { besideTest } from './load.js';
import type { Actual, CaseResult } from './run-case.js';

/**
 * Writes the actual results of failed cases into the test files, keeping comments and formatting, and into the files with
 * expected outputs.
 *
 * @param folders the folders on the command line. Outputs are written only below these
 * @returns names of the files that were written
 * @throws OutriderError `file_unwritable`; `policy_test_invalid` for an output outside of the folders
 */
export async function updateTests(
  results: readonly CaseResult[],
  folders: readonly string[],
  io: Io,
): Promise<readonly string[]> {
  const failed = results.filter(({ differences }) => differences.length > 0);
  const outputs = new Map<string, { readonly name: string; readonly text: string }>();
  const files = new Map<string, { readonly file: Input; readonly results: CaseResult[] }>();
  for (const result of failed) {
    const { file } = result.test;
    const { name } = file;
    const output = result.loaded.about.expect?.output;
    if (output !== undefined && result.differences.some(({ field }) => field === 'output')) {
      const target = besideTest(file, output);
      const path = await writablePath(target, folders, io, name);
      outputs.set(path, { name: target, text: result.output ?? '' });
    }
    const entry = files.get(name) ?? { file, results: [] };
    entry.results.push(result);
    files.set(name, entry);
  }
  const texts = [...files.values()].flatMap(({ file, results: own }) => {
    const text = updatedText(file, own);
    return text === file.text || file.path === undefined ? [] : [{ name: file.name, path: file.path, text }];
  });
  const all = [...[...outputs].map(([path, about]) => ({ path, ...about })), ...texts];
  for (const { name, path, text } of all) await write(name, path, text);
  return all.map(({ name }) => name);
}

function updatedText(file: Input, results: readonly CaseResult[]): string {
  let number = 0;
  return readManifests(file.text, file.name)
    .map(({ text, kind }) => {
      if (kind !== 'PolicyTest') return text;
      number += 1;
      const own = results.filter(({ test }) => test.read.number === number);
      return editDocument(text, own.flatMap(operationsOf));
    })
    .join('');
}

function operationsOf({ loaded: { index, about }, actual, differences }: CaseResult): readonly Operation[] {
  const path = `/cases/${index}/expect`;
  if (about.expect === undefined) return [{ op: 'add', path, value: expectationOf(actual) }];
  return differences.flatMap(({ field, actual: value }): readonly Operation[] =>
    field === 'output' || field === 'expect' ? [] : [{ op: 'replace', path: `${path}/${field}`, value: copyOf(value) }],
  );
}

function expectationOf({ decision, reason, policy, containers, admission }: Actual): JsonObject {
  return { decision, reason, policy, containers: [...containers], admission };
}

function copyOf(value: JsonValue): JsonValue {
  return isArray(value) ? [...value] : value;
}

/** The path of an output. A test may come from somebody else, so it must not cause writes outside of the folders. */
async function writablePath(target: string, folders: readonly string[], io: Io, test: string): Promise<string> {
  const path = resolve(io.cwd, target);
  const roots = await Promise.all(folders.map((folder) => realRoot(resolve(io.cwd, folder))));
  try {
    const lexical = roots.some(({ given }) => path.startsWith(`${given}${sep}`));
    const real = lexical ? await realpathOfNearest(dirname(path)) : '';
    const isLink = lexical && (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
    if (lexical && !isLink && roots.some(({ real: root }) => real === root || real.startsWith(`${root}${sep}`))) {
      await mkdir(dirname(path), { recursive: true });
      return path;
    }
  } catch (cause) {
    throw unwritable(target, cause);
  }
  throw new OutriderError(
    'policy_test_invalid',
    `${test} names the output ${target}, which is outside of ${folders.join(', ')}; it was not written. Name a file inside.`,
    { file: test },
  );
}

/** Where a folder really is, or the nearest above it that is there: what is made below that lies in it. */
async function realpathOfNearest(folder: string): Promise<string> {
  const isThere = (await lstat(folder).catch(() => undefined)) !== undefined;
  return isThere ? realpath(folder) : realpathOfNearest(dirname(folder));
}

async function realRoot(given: string): Promise<{ readonly given: string; readonly real: string }> {
  const isFile = (await lstat(given).catch(() => undefined))?.isFile() === true;
  const folder = isFile ? dirname(given) : given;
  return { given: folder, real: await realpath(folder).catch(() => folder) };
}

async function write(name: string, path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw unwritable(name, cause);
  });
}

function unwritable(name: string, cause: unknown): OutriderError {
  return new OutriderError('file_unwritable', `${name}: it cannot be written (${systemReason(cause)}).`, {
    file: name,
    cause,
  });
}
