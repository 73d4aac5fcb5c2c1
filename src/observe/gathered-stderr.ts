import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { isSystemError } from '../model/system-error.js';

const stderr = 2;
const gatherBytes = 32 * 1024;
const gatherMs = 25;
// How long one piece of the log waits for a reader that stands still; after that the piece is dropped.
const retryMs = 100;
const mostRetries = 10;

/**
 * Standard error, to which lines go when there are enough of them, after a moment, or when the process ends. If the
 * reader has gone, nothing more is written and the process goes on. (The logger's own stream would try forever, within
 * the call, and hold everything up.) Lines wait as bytes: texts would outlive the youngest generation, and fill the
 * old.
 */
export class GatheredStderr implements DestinationStream {
  readonly #gathered = Buffer.allocUnsafeSlow(gatherBytes);
  #length = 0;
  #waiting = false;
  #broken = false;

  constructor() {
    process.on('exit', this.flushSync);
  }

  write(line: string): void {
    if (this.#broken) return;
    // The most that a text can take in UTF-8.
    const mostBytes = line.length * 3;
    if (this.#length + mostBytes > gatherBytes) this.flushSync();
    if (mostBytes > gatherBytes) {
      this.#send(Buffer.from(line, 'utf8'));
      return;
    }
    this.#length += this.#gathered.write(line, this.#length, 'utf8');
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(this.flushSync, gatherMs).unref();
  }

  /** Writes what waits. Can be passed on as it is. */
  readonly flushSync = (): void => {
    this.#waiting = false;
    const bytes = this.#gathered.subarray(0, this.#length);
    this.#length = 0;
    if (bytes.length > 0) this.#send(bytes);
  };

  #send(bytes: Buffer): void {
    if (!this.#broken) this.#broken = !writeAll(bytes);
  }
}

/** Returns false when nobody reads any more. */
function writeAll(bytes: Buffer): boolean {
  let retries = 0;
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(stderr, bytes, offset);
    } catch (error) {
      if (!isSystemError(error, 'EAGAIN')) return false;
      if (retries++ === mostRetries) return true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
  return true;
}
