import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

const stderr = 2;
const gatherBytes = 32 * 1024;
const gatherMs = 25;
// A reader that stands still is waited for so long in all, for one piece of the log; then the piece is given up.
const retryMs = 100;
const mostRetries = 10;

/**
 * Standard error, to which lines go when there are enough of them, after a moment, or when the process ends. Where the
 * reader has gone, nothing is written any more; the process goes on. (The logger's own stream would try for ever, within
 * the call, and hold everything up.) Lines wait as bytes: texts would outlive the youngest generation, and fill the old.
 */
export function gatheredStderr(): DestinationStream & { flushSync(): void } {
  const gathered = Buffer.allocUnsafeSlow(gatherBytes);
  let length = 0;
  let waiting = false;
  let broken = false;
  const send = (bytes: Buffer): void => {
    if (!broken) broken = !writeAll(bytes);
  };
  const flush = (): void => {
    waiting = false;
    const bytes = gathered.subarray(0, length);
    length = 0;
    if (bytes.length > 0) send(bytes);
  };
  process.on('exit', flush);
  return {
    write: (line) => {
      if (broken) return;
      // The most that a text can take in UTF-8.
      const mostBytes = line.length * 3;
      if (length + mostBytes > gatherBytes) flush();
      if (mostBytes > gatherBytes) {
        send(Buffer.from(line, 'utf8'));
        return;
      }
      length += gathered.write(line, length, 'utf8');
      if (!waiting) {
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
