import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Ledger } from './ledger.js';
import { causeOf } from './trouble.js';

/** What the guard checks. */
export interface CopyGuardOptions {
  readonly ledger: Pick<Ledger, 'add'>;
  /** Whether the installation is paused now, according to the API server. */
  readonly paused: () => Promise<boolean>;
}

/**
 * The conditions for writing a copy, on every replica. The ledger knows it, so that it can be found again. The installation
 * is not paused, because a pause may be the installation's end, which has already removed the copies.
 */
export class CopyGuard {
  readonly #options: CopyGuardOptions;

  constructor(options: CopyGuardOptions) {
    this.#options = options;
  }

  /** Call this before writing a copy. @returns why it must not be written; never rejects */
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

  /** Call this after making a copy, because a pause that began meanwhile may have looked before the copy existed. */
  async isOver(): Promise<boolean> {
    // Without an answer the copy stays; the ledger knows it.
    return this.#options.paused().catch(() => false);
  }
}
