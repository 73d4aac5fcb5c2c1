import type { Io } from '../io.js';

const clearLine = '\r\u001b[K';
const everyMs = 100;
/** A few files finish before anybody could read the progress. */
const fewest = 20;

/** Shows on a terminal how many files are done, in one line that disappears. Elsewhere it shows nothing. */
export class FileProgress {
  readonly #io: Pick<Io, 'stderr' | 'env'>;
  readonly #total: number;
  readonly #isShown: boolean;
  #shownMs = -Infinity;
  #isThere = false;

  constructor(io: Pick<Io, 'stderr' | 'stdout' | 'env'>, total: number) {
    this.#io = io;
    this.#total = total;
    // If the result scrolls by, it is progress enough.
    this.#isShown = io.stderr.isTerminal && !io.stdout.isTerminal && io.env['TERM'] !== 'dumb' && total >= fewest;
  }

  show(done: number): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    this.#isThere = true;
    this.#io.stderr.write(`${clearLine}${done} of ${this.#total} files`);
  }

  /** Clears the line for other output. */
  hide(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    this.#io.stderr.write(clearLine);
  }
}
