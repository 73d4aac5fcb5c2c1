import type { Io } from '../io.js';

const clearLine = '\r\u001b[K';
const everyMs = 100;

/** Shows on a terminal how far a look at a cluster is, in one line that disappears. Elsewhere it shows nothing. */
export class LookProgress {
  readonly #io: Pick<Io, 'stderr'>;
  readonly #isShown: boolean;
  #shownMs = -Infinity;
  #isThere = false;

  constructor(io: Pick<Io, 'stderr' | 'env'>) {
    this.#io = io;
    this.#isShown = io.stderr.isTerminal && io.env['TERM'] !== 'dumb';
  }

  show(text: string): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    this.#isThere = true;
    this.#io.stderr.write(`${clearLine}${text.slice(0, (this.#io.stderr.columns ?? 80) - 1)}`);
  }

  /** Clears the line for other output. */
  hide(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    this.#io.stderr.write(clearLine);
  }
}
