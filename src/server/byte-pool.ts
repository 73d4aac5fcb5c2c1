/** A number of bytes, of which parts are taken and given back. */
export class BytePool {
  readonly totalBytes: number;
  #takenBytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** More than the total if more was taken than there was. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** @returns false, taking nothing, if not enough are left */
  tryTake(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.totalBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  /** Takes bytes that are in use already, whether they are left or not. */
  take(bytes: number): void {
    this.#takenBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
