import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'outrider-cluster-';
const aDayMs = 24 * 60 * 60 * 1000;

/**
 * Removes the folder when the test's end of the pipe closes without a word; a line says that the test did it itself.
 * The pause is for servers that are being killed just then.
 */
const cleaner = 'read -r _ && exit 0; sleep 1; rm -rf -- "$1"';

/** A temporary folder of one test run. */
export interface Workspace {
  readonly directory: string;
  remove(): Promise<void>;
}

/**
 * Makes a temporary folder that is gone when this process is, however it ends. What a crash of the whole machine left
 * is removed too, when it is a day old: a test next to this one, maybe in another PID namespace, has a folder as well.
 */
export function createWorkspace(): Workspace {
  sweep();
  const directory = mkdtempSync(join(tmpdir(), prefix));
  // A process group of its own, so that what ends the test's group does not end the cleaner.
  const child = spawn('/bin/sh', ['-c', cleaner, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  child.unref();
  const ended = once(child, 'exit');
  return {
    directory,
    remove: async () => {
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
      child.ref();
      child.stdin.end('removed\n');
      await ended;
    },
  };
}

function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - changedMs > aDayMs) rmSync(path, { recursive: true, force: true });
  }
}
