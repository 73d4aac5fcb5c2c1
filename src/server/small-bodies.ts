import { BytePool } from './byte-pool.js';

/** A body that comes in pieces and is small so far. */
export interface SmallBody {
  /** Called when it is not to be read any further. It has left by then. */
  readonly refuse: () => void;
}

/**
 * Counts what has come of small bodies that are not whole. If there is no room left, the body that has been unfinished
 * for longest is dropped. An API server's is complete within moments, so it is never that one.
 */
export class SmallBodies {
  readonly #pool: BytePool;
  readonly #bytes = new Map<SmallBody, number>();

  constructor(totalBytes: number) {
    this.#pool = new BytePool(totalBytes);
  }

  /** Bytes that have come. */
  get takenBytes(): number {
    return this.#pool.takenBytes;
  }

  /** Counts a piece that has come of a body, which may be refused for it. */
  add(body: SmallBody, bytes: number): void {
    this.#bytes.set(body, (this.#bytes.get(body) ?? 0) + bytes);
    this.#pool.take(bytes);
    for (const oldest of this.#bytes.keys()) {
      if (this.#pool.takenBytes <= this.#pool.totalBytes) return;
      this.leave(oldest);
      oldest.refuse();
    }
  }

  /** Stops counting a body. It is not an error if it has already left. */
  leave(body: SmallBody): void {
    this.#pool.giveBack(this.#bytes.get(body) ?? 0);
    this.#bytes.delete(body);
  }
}
