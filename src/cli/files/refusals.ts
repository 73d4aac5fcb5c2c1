import { OutriderError } from '../../model/error.js';
import { together } from '../errors.js';

/** Errors about the command line, not about a file. */
const ofTheCommandLine: ReadonlySet<string> = new Set([
  'usage',
  'settings_invalid',
  'policy_invalid',
  'profile_invalid',
]);

/**
 * The input files that are left as they are, each with the reason. A problem with one file does not stop the others (W34).
 */
export class Refusals {
  readonly #errors: OutriderError[] = [];

  /** Why files are left as they are, in the order of the refusals. */
  get errors(): readonly OutriderError[] {
    return this.#errors;
  }

  /**
   * Works on one file.
   *
   * @returns `undefined` where the file is refused
   * @throws what is not about the file
   */
  async of<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof OutriderError) || ofTheCommandLine.has(error.code)) throw error;
      this.#errors.push(error);
      return undefined;
    }
  }

  /** Adds refusals from elsewhere. */
  take(others: Refusals): void {
    this.#errors.push(...others.errors);
  }

  /** @throws the problems with the files, if no file is left to work on */
  refuseNothingLeft(left: readonly unknown[]): void {
    if (left.length === 0 && this.#errors.length > 0) throw together(this.#errors);
  }
}
