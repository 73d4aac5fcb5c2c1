import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders that hold no files of anybody's own. */
const passedOver = new Set(['.git', 'node_modules']);

/** Larger files are no manifests, and are counted only. */
const maxBytes = 8 * 1024 * 1024;

/** A file of a folder. */
export interface WalkedFile {
  readonly path: string;
  readonly isTooLarge: boolean;
}

/**
 * The files below a folder, whatever they are called, in the order of their paths. Links are not followed.
 *
 * @throws the system's error where the folder cannot be read
 */
export async function* walk(folder: string): AsyncGenerator<WalkedFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) yield* walk(path);
    } else if (entry.isFile()) {
      yield { path, isTooLarge: (await stat(path)).size > maxBytes };
    }
  }
}
