import { watch, type FSWatcher } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How a folder is watched. */
export interface WatchOptions {
  /** How often the folder is looked at, whatever the file system announces. */
  readonly intervalMs: number;
  /** How long after an announced change the folder is looked at, so that a burst of changes is one. Default 100. */
  readonly settleMs?: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /**
   * Reads the folder for the first time. It runs once the state to compare with is known, so that no change falls
   * between the two; the watch fails with what it fails with.
   */
  readonly first?: () => Promise<void>;
  /** Gets what `onChange` failed with; the watch goes on. */
  readonly onError: (error: unknown) => void;
}

/**
 * Calls `onChange` after the files of a folder have changed, in name, content or what their links lead to, until the
 * signal aborts. One call at a time; what changes during one is seen after it. Files in folders below do not count.
 *
 * The folder is watched, not its files, because a mounted Secret or ConfigMap changes by a swap of the link `..data`;
 * and it is also looked at from time to time, because some file systems announce nothing. It may be taken away and
 * come back. Resolves once the watch stands. Never keeps the process alive.
 */
export async function watchFolder(
  dir: string,
  onChange: () => void | Promise<void>,
  options: WatchOptions,
): Promise<void> {
  const { signal, intervalMs, settleMs = 100 } = options;
  let seen = await fingerprint(dir);
  let watcher: FSWatcher | undefined;
  let watched = '';
  let settling: NodeJS.Timeout | undefined;
  let looking = false;
  let lookAgain = false;

  const listen = async (): Promise<void> => {
    const identity = await identityOf(dir);
    if (identity === watched && watcher !== undefined) return;
    watcher?.close();
    watcher = undefined;
    watched = identity;
    if (identity === '' || signal.aborted) return;
    try {
      watcher = watch(dir, { persistent: false });
      watcher.on('change', soon);
      watcher.on('error', forget);
    } catch {
      // Nothing is announced then (no inotify watch left, or the folder has just gone): the interval finds changes.
      watcher = undefined;
    }
  };
  const forget = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const soon = (): void => {
    clearTimeout(settling);
    settling = setTimeout(() => void look(), settleMs).unref();
  };
  const ended = (): boolean => signal.aborted;
  const look = async (): Promise<void> => {
    lookAgain = true;
    if (looking) return;
    looking = true;
    while (lookAgain && !ended()) {
      lookAgain = false;
      await listen();
      const now = await fingerprint(dir);
      if (now === seen || ended()) continue;
      seen = now;
      try {
        await onChange();
      } catch (error) {
        options.onError(error);
      }
    }
    looking = false;
  };

  await options.first?.();
  if (signal.aborted) return;
  const poll = setInterval(() => void look(), intervalMs).unref();
  signal.addEventListener(
    'abort',
    () => {
      clearInterval(poll);
      clearTimeout(settling);
      forget();
    },
    { once: true },
  );
  await listen();
  // What changed between the first look and the start of the announcements is found now.
  await look();
}

/** Which folder a path is at the moment; empty when there is none. */
async function identityOf(dir: string): Promise<string> {
  try {
    const { dev, ino } = await stat(dir);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}

/** A text that differs when a file of the folder does. Links are followed. */
async function fingerprint(dir: string): Promise<string> {
  let names: readonly string[];
  try {
    names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort();
  } catch {
    return '';
  }
  const states = await Promise.all(
    names.map(async (name) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(join(dir, name), { bigint: true });
        return [name, dev, ino, size, mtimeNs, ctimeNs].join(' ');
      } catch {
        return name;
      }
    }),
  );
  return states.join('\n');
}
