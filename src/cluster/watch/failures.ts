import type { Logger } from '../../observe/logger.js';
import type { Random } from '../../time/sleep.js';
import { backOffMs } from '../back-off.js';
import { isApiError } from '../client/api-error.js';

/** What follows from a failure. */
export interface AfterFailure {
  /** The version had expired: only a list can tell where a watch can go on from. */
  readonly expired: boolean;
  /** It may be the version itself that the API server will not go on from. */
  readonly relist: boolean;
  /** How long to wait before the next try; `undefined`: not at all. */
  readonly waitMs: number | undefined;
}

const watchesBeforeList = 3;

/** Lists and watches of one path that failed, since the last sign of life. */
export class Failures {
  readonly #path: string;
  readonly #log: Logger;
  readonly #random: Random;
  #inARow = 0;
  /** The last failure was that the version had expired. */
  #expired = false;

  constructor(path: string, log: Logger, random: Random) {
    this.#path = path;
    this.#log = log;
    this.#random = random;
  }

  /** How long to wait before a list that is not urgent, after it failed. */
  nextListMs(error: unknown): number {
    return backOffMs(this.#inARow + 1, this.#random, error);
  }

  add(error: unknown): AfterFailure {
    this.#inARow += 1;
    const expired = isApiError(error, 'Expired');
    const again = expired && this.#expired;
    this.#expired = expired;
    const relist = this.#inARow % watchesBeforeList === 0;
    // Versions expire as a matter of course, unless it happens again and again.
    if (expired && !again) return { expired, relist, waitMs: undefined };
    const waitMs = backOffMs(this.#inARow, this.#random, error);
    const about = { err: error, path: this.#path, waitMs: Math.round(waitMs) };
    this.#log.warn(about, 'a watch failed; it is tried again');
    return { expired, relist, waitMs };
  }

  /** The API server gave a sign of life. */
  recovered(): void {
    if (this.#inARow > 1) this.#log.info({ path: this.#path }, 'the watch goes on');
    this.#inARow = 0;
    this.#expired = false;
  }
}
