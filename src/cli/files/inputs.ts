import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OutriderError } from '../../model/error.js';
import { systemReason } from '../../model/system-error.js';
import type { Io } from '../io.js';
import { isUrl, readUrl } from './read-url.js';

/** A file, standard input or the content of a URL, with its text. */
export interface Input {
  /** Its name in messages and reports: the path or URL as given, `-` for standard input. */
  readonly name: string;
  /** Absolute path; `undefined` for standard input and URLs. */
  readonly path: string | undefined;
  readonly text: string;
}

/** An input. It is read when its turn comes. */
export interface InputFile extends Omit<Input, 'text'> {
  /** @throws OutriderError `file_unreadable`; `manifest_invalid` for what is not UTF-8 */
  read(): Promise<Input>;
}

/**
 * Lists inputs in the order in which they are given. A folder means its `.yaml`, `.yml` and `.json` files and those of the
 * folders in it, sorted by path, without names that start with a dot. A file that is named twice is listed once. Standard
 * input and URLs are read once, at the first call.
 *
 * @param given paths, http and https URLs, or `-` for standard input
 * @throws OutriderError `file_unreadable` for a named file that cannot be read; `usage` for a folder without files
 */
export async function listInputs(given: readonly string[], io: Io): Promise<readonly InputFile[]> {
  const inputs = new Map<string, InputFile>();
  for (const name of given) {
    if (name === '-' || isUrl(name)) {
      if (inputs.has(name)) continue;
      const bytes = once(() => (name === '-' ? readAll(io.stdin) : readUrl(name)));
      // Report a wrong URL before anything else happens.
      if (name !== '-') await bytes();
      inputs.set(name, inputFile(name, undefined, bytes));
      continue;
    }
    for (const file of await filesOf(name, io.cwd)) {
      const path = resolve(io.cwd, file);
      if (inputs.has(path)) continue;
      if (file === name) await attempt(file, () => access(path, constants.R_OK));
      inputs.set(
        path,
        inputFile(file, path, () => read(path, file)),
      );
    }
  }
  return [...inputs.values()];
}

/**
 * Reads inputs, as {@link listInputs} lists them.
 *
 * @throws OutriderError what listing and reading them throws
 */
export async function readInputs(given: readonly string[], io: Io): Promise<readonly Input[]> {
  const inputs: Input[] = [];
  for (const file of await listInputs(given, io)) inputs.push(await file.read());
  return inputs;
}

function inputFile(name: string, path: string | undefined, bytes: () => Promise<Uint8Array>): InputFile {
  return { name, path, read: async () => ({ name, path, text: decode(await bytes(), name) }) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
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

/** Decodes text that is written back byte for byte: a byte order mark stays, and nothing is replaced. */
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
