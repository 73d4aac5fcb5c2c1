import { BytePool } from './byte-pool.js';

/** Gives back what was taken. A second call does nothing. */
export type GiveBack = () => void;

// A client that has waited this long is told to ask another replica.
const usualWaitMs = 3_000;

const nothing: GiveBack = () => undefined;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
  readonly refuse: () => void;
  readonly sinceMs: number;
}

interface Current {
  readonly giveBack: GiveBack;
  isKept: boolean;
}

/**
 * Counts the memory of reviews that are being handled, and of large answers that are not read yet. The largest reviews
 * are handled one at a time, each in its own turn of the event loop, so that other requests are answered in between.
 */
export class HeavyWork {
  readonly #pool: BytePool;
  readonly #line: Waiting[] = [];
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  // Of the review whose handler runs now.
  #current: Current | undefined;

  readonly #longestWaitMs: number;

  constructor(totalBytes: number, longestWaitMs = usualWaitMs) {
    this.#pool = new BytePool(totalBytes);
    this.#longestWaitMs = longestWaitMs;
  }

  /** Bytes that are counted. */
  get takenBytes(): number {
    return this.#pool.takenBytes;
  }

  /** Handles a review at once. @returns false when there is no room for it */
  run(bytes: number, start: () => void): boolean {
    if (!this.#pool.tryTake(bytes)) return false;
    this.#work(this.#giverOf(bytes), start);
    return true;
  }

  /**
   * Handles a review in a turn of its own, once there is room.
   *
   * @param bytes capped at the total
   * @param refuse called in place of `start` when that takes too long
   */
  runInTurn(bytes: number, start: () => void, refuse: () => void): void {
    this.#line.push({ bytes: Math.min(bytes, this.#pool.totalBytes), start, refuse, sinceMs: performance.now() });
    this.#later();
  }

  /** For a review whose handler has returned and which goes on: its memory counts until what this returns is called. */
  keep(): GiveBack {
    if (this.#current === undefined) return nothing;
    this.#current.isKept = true;
    return this.#current.giveBack;
  }

  /** Counts memory that is in use already. */
  take(bytes: number): GiveBack {
    this.#pool.take(bytes);
    return this.#giverOf(bytes);
  }

  #giverOf(bytes: number): GiveBack {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#pool.giveBack(bytes);
      this.#later();
    };
  }

  #work(giveBack: GiveBack, start: () => void): void {
    const current: Current = { giveBack, isKept: false };
    this.#current = current;
    try {
      start();
    } finally {
      this.#current = undefined;
      if (!current.isKept) giveBack();
    }
  }

  #later(): void {
    if (this.#isDue || this.#line.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#next();
    });
  }

  #next(): void {
    const [first] = this.#line;
    if (first === undefined) return;
    if (!this.#pool.tryTake(first.bytes)) {
      this.#refuseLate();
      return;
    }
    this.#line.shift();
    this.#work(this.#giverOf(first.bytes), first.start);
    this.#later();
  }

  /**
   * Refuses those that have waited for too long. The line is checked again whenever memory is given back, and by the
   * timer.
   */
  #refuseLate(): void {
    const latestMs = performance.now() - this.#longestWaitMs;
    for (let first = this.#line[0]; first !== undefined && first.sinceMs <= latestMs; first = this.#line[0]) {
      this.#line.shift();
      first.refuse();
    }
    clearTimeout(this.#timer);
    const [first] = this.#line;
    if (first !== undefined) this.#timer = setTimeout(() => this.#later(), first.sinceMs - latestMs).unref();
  }
}
