import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OutriderError } from '../../model/error.js';
import { systemReason } from '../../model/system-error.js';
import type { Io } from '../io.js';
import type { Refusals } from './refusals.js';

/** A file, or standard input, with its text. */
export interface Input {
  /** What messages and reports call it: the path as it was given, `-` for standard input. */
  readonly name: string;
  /** Absolute path; `undefined` for standard input. */
  readonly path: string | undefined;
  readonly text: string;
}

/**
 * Reads inputs in the order in which they are given. A folder stands for its `.yaml`, `.yml` and `.json` files and those
 * of the folders in it, sorted by path, without names that start with a dot. A file that is named twice is read once.
 *
 * @param given paths, or `-` for standard input
 * @param refusals gets what is wrong with a file of a folder, and with text; without them it is thrown
 * @throws OutriderError `file_unreadable`; `manifest_invalid` for what is not UTF-8; `usage` for a folder without files
 */
export async function readInputs(
  given: readonly string[],
  io: Io,
  refusals?: Pick<Refusals, 'of'>,
): Promise<readonly Input[]> {
  const tolerate = async <T>(action: () => Promise<T>): Promise<T | undefined> =>
    refusals === undefined ? action() : refusals.of(action);
  const inputs = new Map<string, Input>();
  for (const name of given) {
    if (name === '-') {
      if (inputs.has('-')) continue;
      const bytes = await readAll(io.stdin);
      const text = await tolerate(() => Promise.resolve(decode(bytes, name)));
      if (text !== undefined) inputs.set('-', { name, path: undefined, text });
      continue;
    }
    for (const file of await filesOf(name, io.cwd)) {
      const path = resolve(io.cwd, file);
      if (inputs.has(path)) continue;
      const isNamed = file === name;
      const bytes = isNamed ? await read(path, file) : await tolerate(() => read(path, file));
      const text = bytes && (await tolerate(() => Promise.resolve(decode(bytes, file))));
      if (text !== undefined) inputs.set(path, { name: file, path, text });
    }
  }
  return [...inputs.values()];
}

async function filesOf(name: string, cwd: string): Promise<readonly string[]> {
  const path = resolve(cwd, name);
  if (!(await attempt(name, () => stat(path))).isDirectory()) return [name];
  const files = await walk(name, cwd);
  if (files.length > 0) return files;
  throw new OutriderError('usage', `${name} is a folder without .yaml, .yml or .json files; name another.`, {
    file: name,
  });
}

async function walk(folder: string, cwd: string): Promise<readonly string[]> {
  const entries = await attempt(folder, () => readdir(resolve(cwd, folder), { withFileTypes: true }));
  const found: string[] = [];
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const name = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await walk(name, cwd)));
    else if (/\.(ya?ml|json)$/i.test(entry.name) && (entry.isFile() || (await isFileLink(resolve(cwd, name))))) {
      found.push(name);
    }
  }
  return found;
}

async function isFileLink(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** @throws OutriderError `file_unreadable` */
async function read(path: string, name: string): Promise<Uint8Array> {
  return attempt(name, () => readFile(path));
}

async function attempt<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const why = systemReason(cause);
    const hint = why === 'ENOENT' ? 'there is no such file; check the path' : `it cannot be read (${why})`;
    throw new OutriderError('file_unreadable', `${name}: ${hint}.`, { file: name, cause });
  }
}

async function readAll(stream: Io['stdin']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

/** Text that is written back byte for byte: a byte order mark stays, and nothing is replaced. */
function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OutriderError('manifest_invalid', `${name}: it is not UTF-8 text. Convert it first, with iconv say.`, {
      file: name,
      cause,
    });
  }
}
