import { OutriderError } from '../../model/error.js';
import { together } from '../errors.js';

/** Errors of a command line, which are nobody's file's. */
const ofTheCommandLine: ReadonlySet<string> = new Set([
  'usage',
  'settings_invalid',
  'policy_invalid',
  'profile_invalid',
]);

/** Files of an input that are left as they are, each with why. What is wrong with one stops no other (W34). */
export class Refusals {
  readonly #errors: OutriderError[] = [];

  /** Why files are left as they are, in the order in which they came. */
  get errors(): readonly OutriderError[] {
    return this.#errors;
  }

  /**
   * Does something with one file.
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

  /** @throws what is wrong with the files, where none of them is left to do anything with */
  refuseNothingLeft(left: readonly unknown[]): void {
    if (left.length === 0 && this.#errors.length > 0) throw together(this.#errors);
  }
}
