// Bodies of pods are alike in length, so one of another's length mostly fits.
const stepBytes = 256 * 1024;

/**
 * Buffers for large bodies, used again: a new one for each costs its pages, counts as pressure on V8's heap, and stays with
 * the process in pieces.
 */
export class BodyBuffers {
  readonly #mostBytes: number;
  #spare: Buffer[] = [];
  #spareBytes = 0;

  /** @param mostBytes how much is kept while it is not in use */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** @returns a buffer of at least the length, with whatever was in it before */
  take(length: number): Buffer {
    const at = this.#spare.findIndex((buffer) => buffer.length >= length);
    const [found] = at === -1 ? [] : this.#spare.splice(at, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(Math.ceil(length / stepBytes) * stepBytes);
    this.#spareBytes -= found.length;
    return found;
  }

  /** Takes back a buffer that nobody reads any more. */
  giveBack(buffer: Buffer): void {
    if (this.#spareBytes + buffer.length > this.#mostBytes) return;
    this.#spareBytes += buffer.length;
    this.#spare.push(buffer);
  }
}
