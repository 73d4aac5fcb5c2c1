import { randomBytes } from 'node:crypto';
import { access, constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OutriderError } from '../../model/error.js';
import { systemReason } from '../../model/system-error.js';

/** A file and its new text. */
export interface FileChange {
  /** Its name in messages. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

interface Staged {
  readonly change: FileChange;
  /** The file itself, if `path` is a link. */
  readonly target: string;
  readonly temporary: string;
}

/**
 * Writes all files, or none. Every text is on the disk next to its file before the first file is replaced. If one cannot be
 * replaced, those before it are restored. Links stay links, and modes do not change.
 *
 * @throws OutriderError `file_unwritable`; then every file is as it was
 */
export async function writeFiles(changes: readonly FileChange[]): Promise<void> {
  const staged: Staged[] = [];
  const replaced: Staged[] = [];
  try {
    for (const change of changes) staged.push(await stage(change, change.after));
    for (const file of staged) {
      await attempt(file.change, () => rename(file.temporary, file.target));
      replaced.push(file);
    }
  } catch (error) {
    await Promise.all(staged.map(({ temporary }) => rm(temporary, { force: true })));
    for (const { change, target } of replaced) {
      const { temporary } = await stage(change, change.before);
      await attempt(change, () => rename(temporary, target));
    }
    throw error;
  }
}

async function stage(change: FileChange, text: string): Promise<Staged> {
  return attempt(change, async () => {
    const target = await realpath(change.path);
    await access(target, constants.W_OK);
    const { mode } = await stat(target);
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return { change, target, temporary };
  });
}

async function attempt<T>({ name }: FileChange, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw unwritable(name, cause);
  }
}

/** The error for a file that cannot be written; no other file was written either. */
export function unwritable(name: string, cause: unknown): OutriderError {
  const message = `${name}: it cannot be written (${systemReason(cause)}); no file was changed.`;
  return new OutriderError('file_unwritable', message, { file: name, cause });
}
