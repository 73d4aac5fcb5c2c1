import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

const stderr = 2;
const gatherCharacters = 32 * 1024;
const gatherMs = 25;
// A reader that stands still is waited for so long in all, for one piece of the log; then the piece is given up.
const retryMs = 100;
const mostRetries = 10;

/**
 * Standard error, to which lines go when there are enough of them, after a moment, or when the process ends. Where the
 * reader has gone, nothing is written any more; the process goes on. (The logger's own stream would try for ever, within
 * the call, and hold everything up.)
 */
export function gatheredStderr(): DestinationStream & { flushSync(): void } {
  let text = '';
  let waiting = false;
  let broken = false;
  const flush = (): void => {
    waiting = false;
    const piece = text;
    text = '';
    if (piece !== '' && !broken) broken = !writeAll(Buffer.from(piece, 'utf8'));
  };
  process.on('exit', flush);
  return {
    write: (line) => {
      if (broken) return;
      text += line;
      if (text.length >= gatherCharacters) {
        flush();
      } else if (!waiting) {
        waiting = true;
        setTimeout(flush, gatherMs).unref();
      }
    },
    flushSync: flush,
  };
}

/** Returns false when nobody reads any more. */
function writeAll(bytes: Buffer): boolean {
  let retries = 0;
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(stderr, bytes, offset);
    } catch (error) {
      if (!isFull(error)) return false;
      if (retries++ === mostRetries) return true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
  return true;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
