import type { Rules } from '../../engine/rules.js';

/** How many versions are kept. */
const most = 16;

/**
 * The rules that were in force before, since this process started. With them, pods of earlier plans can be judged as a
 * whole.
 */
export class PlanHistory {
  #current: Rules | undefined;
  #earlier: readonly Rules[] = [];

  /** Records what is in force. */
  now(rules: Rules): void {
    if (rules === this.#current) return;
    if (this.#current !== undefined) this.#earlier = [this.#current, ...this.#earlier].slice(0, most);
    this.#current = rules;
  }

  /** Latest first. */
  get earlier(): readonly Rules[] {
    return this.#earlier;
  }
}
