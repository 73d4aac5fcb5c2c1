/** What must hold for requests to be sent here. */
export type Condition = 'configuration' | 'certificate' | 'serving';

/** Keeps the conditions that are not met. At first only `serving` is met. */
export class Readiness {
  readonly #against = new Map<Condition, string>([
    ['configuration', 'not loaded yet'],
    ['certificate', 'not loaded yet'],
  ]);

  /** `condition: why` for each one that does not hold; empty when ready. */
  get reasons(): readonly string[] {
    return [...this.#against].map(([condition, why]) => `${condition}: ${why}`);
  }

  /** Says that a condition holds. */
  met(condition: Condition): void {
    this.#against.delete(condition);
  }

  /** Says that a condition does not hold, and why, in one line. */
  unmet(condition: Condition, why: string): void {
    this.#against.set(condition, why);
  }
}
