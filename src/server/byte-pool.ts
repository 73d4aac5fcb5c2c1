/** So many bytes, of which parts are taken and given back. */
export class BytePool {
  readonly totalBytes: number;
  #takenBytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** More than the total while somebody took what was not there. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** @returns false, and nothing is taken, when there are not so many left */
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
