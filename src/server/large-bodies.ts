import { BytePool } from './byte-pool.js';

// How often bodies that are being read are checked while others wait for room.
const usualTickMs = 250;
// A body that comes more slowly than this for a second makes room for others that wait. An API server is a thousand
// times as fast.
const leastBytesInTick = 64 * 1024;
const mostSlowTicks = 4;
// A client that has waited for two seconds is told to ask another replica.
const mostWaitTicks = 8;

/** A large body that is being read, or waits to be. */
export interface LargeBody {
  /** Bytes that it needs room for. */
  readonly bytes: number;
  /** Called once there is room for the whole of it. */
  readonly enter: () => void;
  /** Called when it is not to be read, or not any further. It has left by then. */
  readonly refuse: () => void;
  /** Bytes that have come so far. */
  receivedBytes: number;
  /** All of it has come. */
  isWhole: boolean;
}

interface Held {
  /** As it was at the last look. */
  seenBytes: number;
  slowTicks: number;
}

/**
 * Admits large bodies while there is room for each of them as a whole, so that none waits half-read for room that other
 * half-read ones hold. The others wait in line, with their connections unread. While any waits, slow senders are
 * dropped. Checks are counted instead of time, so that nobody seems slow because this process stood still.
 */
export class LargeBodies {
  readonly #pool: BytePool;
  readonly #held = new Map<LargeBody, Held>();
  // With the number of checks that they have waited for.
  readonly #waiting = new Map<LargeBody, number>();
  #timer: NodeJS.Timeout | undefined;

  readonly #tickMs: number;

  constructor(totalBytes: number, tickMs = usualTickMs) {
    this.#pool = new BytePool(totalBytes);
    this.#tickMs = tickMs;
  }

  /** Bytes that are reserved for it. */
  get takenBytes(): number {
    return this.#pool.takenBytes;
  }

  /** Admits a body, at once if possible. It must leave in the end unless it is refused. */
  add(body: LargeBody): void {
    if (this.#waiting.size === 0 && this.#pool.tryTake(body.bytes)) {
      this.#enter(body);
      return;
    }
    this.#waiting.set(body, 0);
    this.#timer ??= setInterval(() => this.#look(), this.#tickMs).unref();
  }

  /** Takes a body off, wherever it is. It is not an error if it has already left. */
  leave(body: LargeBody): void {
    if (!this.#waiting.delete(body) && this.#held.delete(body)) this.#pool.giveBack(body.bytes);
    this.#letIn();
  }

  #enter(body: LargeBody): void {
    this.#held.set(body, { seenBytes: body.receivedBytes, slowTicks: 0 });
    body.enter();
  }

  #letIn(): void {
    for (const body of this.#waiting.keys()) {
      if (!this.#pool.tryTake(body.bytes)) break;
      this.#waiting.delete(body);
      this.#enter(body);
    }
    if (this.#waiting.size > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const [body, held] of this.#held) {
      const isSlow = !body.isWhole && body.receivedBytes - held.seenBytes < leastBytesInTick;
      held.slowTicks = isSlow ? held.slowTicks + 1 : 0;
      held.seenBytes = body.receivedBytes;
      if (held.slowTicks >= mostSlowTicks) this.#putOut(body);
    }
    for (const [body, ticks] of this.#waiting) {
      if (ticks + 1 >= mostWaitTicks) this.#putOut(body);
      else this.#waiting.set(body, ticks + 1);
    }
  }

  #putOut(body: LargeBody): void {
    this.leave(body);
    body.refuse();
  }
}
