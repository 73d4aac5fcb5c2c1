import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutriderError } from '../model/error.js';
import { isSystemError, systemReason } from '../model/system-error.js';

/** A file's text with the name that messages call it by. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads the `.yaml`, `.yml` and `.json` files of a folder, not those of folders in it, in the order of their names.
 * Names that start with a dot are left out: in a mounted ConfigMap these are the folders that its links lead through.
 * @throws OutriderError `file_unreadable`
 */
export async function readFolder(dir: string): Promise<readonly SourceFile[]> {
  const names = (await list(dir)).filter((name) => /^[^.].*\.(yaml|yml|json)$/i.test(name)).sort();
  const files = await Promise.all(names.map((name) => readSource(join(dir, name))));
  return files.filter((file) => file !== undefined);
}

async function list(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    throw unreadable(dir, cause);
  }
}

/** @returns `undefined` for a folder with the name of a file */
async function readSource(name: string): Promise<SourceFile | undefined> {
  try {
    return { name, text: await readFile(name, 'utf8') };
  } catch (cause) {
    if (isSystemError(cause, 'EISDIR')) return undefined;
    throw unreadable(name, cause);
  }
}

/** The error for a file or folder that cannot be read. */
export function unreadable(name: string, cause: unknown): OutriderError {
  return new OutriderError('file_unreadable', `${name} cannot be read (${systemReason(cause)}).`, {
    file: name,
    cause,
  });
}
