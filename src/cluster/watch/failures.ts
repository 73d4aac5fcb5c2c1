import type { Logger } from '../../observe/logger.js';
import type { Random } from '../../time/sleep.js';
import { backOffMs } from '../back-off.js';
import { isApiError } from '../client/api-error.js';

/** The consequence of a failure. */
export interface AfterFailure {
  /** The version had expired. Only a list gives a version from which a watch can continue. */
  readonly expired: boolean;
  /** The API server may be unable to continue from this version. */
  readonly relist: boolean;
  /** How long to wait before the next try; `undefined` for no wait. */
  readonly waitMs: number | undefined;
}

const watchesBeforeList = 3;

/** The failures of lists and watches of one path since the API server's last answer. */
export class Failures {
  readonly #path: string;
  readonly #log: Logger;
  readonly #random: Random;
  #inARow = 0;
  /** Whether the last failure was an expired version. */
  #expired = false;

  constructor(path: string, log: Logger, random: Random) {
    this.#path = path;
    this.#log = log;
    this.#random = random;
  }

  /** How long to wait after a failed list that is not urgent. */
  nextListMs(error: unknown): number {
    return backOffMs(this.#inARow + 1, this.#random, error);
  }

  add(error: unknown): AfterFailure {
    this.#inARow += 1;
    const expired = isApiError(error, 'Expired');
    const again = expired && this.#expired;
    this.#expired = expired;
    const relist = this.#inARow % watchesBeforeList === 0;
    // A version may expire normally, but not repeatedly.
    if (expired && !again) return { expired, relist, waitMs: undefined };
    const waitMs = backOffMs(this.#inARow, this.#random, error);
    const about = { err: error, path: this.#path, waitMs: Math.round(waitMs) };
    this.#log.warn(about, 'a watch failed; it is tried again');
    return { expired, relist, waitMs };
  }

  /** Records that the API server answered. */
  recovered(): void {
    if (this.#inARow > 1) this.#log.info({ path: this.#path }, 'the watch goes on');
    this.#inARow = 0;
    this.#expired = false;
  }
}
