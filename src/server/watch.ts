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
   * Reads the folder for the first time. It runs once the state to compare with is known, so that no change is missed
   * in between. If it throws, so does the watch.
   */
  readonly first?: () => Promise<void>;
  /** Called with the error if `onChange` fails; the watch goes on. */
  readonly onError: (error: unknown) => void;
}

/**
 * Calls `onChange` after the files of a folder have changed, in name, content or what their links lead to, until the
 * signal aborts. One call at a time; changes during a call are seen after it. Files in folders below do not count.
 *
 * The folder is watched, not its files, because a mounted Secret or ConfigMap changes by a swap of the link `..data`.
 * It is also polled, because some file systems announce nothing. It may be taken away and come back. Resolves once the
 * watch is established. Never keeps the process alive.
 */
export async function watchFolder(
  dir: string,
  onChange: () => void | Promise<void>,
  options: WatchOptions,
): Promise<void> {
  await new FolderWatch(dir, onChange, options).start();
}

class FolderWatch {
  readonly #dir: string;
  readonly #onChange: () => void | Promise<void>;
  readonly #options: WatchOptions;
  #seen = '';
  #watcher: FSWatcher | undefined;
  /** Which folder the watcher is on. */
  #watched = '';
  #settling: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(dir: string, onChange: () => void | Promise<void>, options: WatchOptions) {
    this.#dir = dir;
    this.#onChange = onChange;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { signal, intervalMs, first } = this.#options;
    this.#seen = await fingerprint(this.#dir);
    await first?.();
    if (signal.aborted) return;
    const poll = setInterval(() => void this.#look(), intervalMs).unref();
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(poll);
        clearTimeout(this.#settling);
        this.#forget();
      },
      { once: true },
    );
    await this.#listen();
    // What changed between the first look and the start of the announcements is found now.
    await this.#look();
  }

  /** Starts announcements for the folder that the path leads to now. */
  async #listen(): Promise<void> {
    const identity = await identityOf(this.#dir);
    if (identity === this.#watched && this.#watcher !== undefined) return;
    this.#forget();
    this.#watched = identity;
    if (identity === '' || this.#options.signal.aborted) return;
    try {
      this.#watcher = watch(this.#dir, { persistent: false });
      this.#watcher.on('change', () => this.#lookSoon());
      this.#watcher.on('error', () => this.#forget());
    } catch {
      // Without announcements (no inotify watch left, or the folder has just gone), the interval finds changes.
      this.#watcher = undefined;
    }
  }

  #forget(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #lookSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#look(), this.#options.settleMs ?? 100).unref();
  }

  /** Looks for a change, and again if one was announced meanwhile. */
  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#lookAgain && !this.#isOver()) {
      this.#lookAgain = false;
      await this.#listen();
      const now = await fingerprint(this.#dir);
      if (now === this.#seen || this.#isOver()) continue;
      this.#seen = now;
      try {
        await this.#onChange();
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#looking = false;
  }

  #isOver(): boolean {
    return this.#options.signal.aborted;
  }
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
