import type { Rules } from '../../engine/rules.js';

/** As many versions are kept. */
const most = 16;

/** The rules that were in force before, for as long as this process runs: pods of their plans can be judged whole. */
export class PlanHistory {
  #current: Rules | undefined;
  #earlier: readonly Rules[] = [];

  /** Says what is in force. */
  now(rules: Rules): void {
    if (rules === this.#current) return;
    if (this.#current !== undefined) this.#earlier = [this.#current, ...this.#earlier].slice(0, most);
    this.#current = rules;
  }

  /** The latest first. */
  get earlier(): readonly Rules[] {
    return this.#earlier;
  }
}
