/** Something that does not hold. */
export interface Found {
  /** The fault without what differs from input to input. */
  readonly kind: string;
  readonly fault: string;
  times: number;
  /** The smallest input that shows it, base64. */
  readonly input: string;
}

/** What one process found out. */
export interface Report {
  readonly target: string;
  readonly seed: number;
  runs: number;
  bytes: number;
  /** Faults that did not come again with the same input. */
  unsteady: number;
  /** How often each outcome was seen. */
  readonly outcomes: Record<string, number>;
  readonly findings: Found[];
  /** Small inputs of outcomes that nothing in the corpus has. */
  readonly firsts: First[];
}

/** The first input that had an outcome. */
export interface First {
  readonly outcome: string;
  /** Base64. */
  readonly input: string;
}
