import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Ledger } from './ledger.js';
import { causeOf } from './trouble.js';

/** What the guard asks. */
export interface CopyGuardOptions {
  readonly ledger: Pick<Ledger, 'add'>;
  /** Whether the installation is paused at this moment, by the API server's word. */
  readonly paused: () => Promise<boolean>;
}

/**
 * What has to hold for a copy to be written, on every replica: the ledger knows it, so that it is found again, and the
 * installation is not paused, since a pause may be the installation's end, which has removed the copies already.
 */
export class CopyGuard {
  readonly #options: CopyGuardOptions;

  constructor(options: CopyGuardOptions) {
    this.#options = options;
  }

  /** To be asked before a copy is written. @returns why it may not be; never rejects */
  async refusal({ copy, policy }: MirroredSecret): Promise<string | undefined> {
    try {
      if (await this.#options.paused()) return 'Outrider is paused';
    } catch (error) {
      return `whether Outrider is paused cannot be read: ${causeOf(error)}`;
    }
    try {
      await this.#options.ledger.add([[copy, policy]]);
      return undefined;
    } catch (error) {
      return `the list of copies cannot be kept: ${causeOf(error)}`;
    }
  }

  /** To be asked after a copy was made: a pause that began meanwhile may have looked before it was there. */
  async isOver(): Promise<boolean> {
    // Without an answer the copy stays: the ledger has it.
    return this.#options.paused().catch(() => false);
  }
}
