/** What must hold for requests to be sent here. */
export type Condition = 'configuration' | 'certificate' | 'serving';

/** Keeps what stands against being ready. */
export interface Readiness {
  /** Says that a condition holds. */
  met(condition: Condition): void;
  /** Says that a condition does not hold, and why, in one line. */
  unmet(condition: Condition, why: string): void;
  /** `condition: why` for each one that does not hold; empty when ready. */
  readonly reasons: readonly string[];
}

/** Starts with nothing but `serving` met. */
export function createReadiness(): Readiness {
  const against = new Map<Condition, string>([
    ['configuration', 'not loaded yet'],
    ['certificate', 'not loaded yet'],
  ]);
  return {
    met: (condition) => void against.delete(condition),
    unmet: (condition, why) => void against.set(condition, why),
    get reasons() {
      return [...against].map(([condition, why]) => `${condition}: ${why}`);
    },
  };
}
