import type fc from 'fast-check';

/** What happened to an input: a word for the statistics, such as `refused review_invalid` or `inject injected`. */
export type Outcome = string;

/** Something that takes bytes from the outside, with what must hold for every input. */
export interface Target {
  readonly name: string;
  /** What the inputs are; says how they are mutated besides byte by byte. */
  readonly form: 'json' | 'text' | 'bytes';
  /** Well-formed inputs that mutation starts from. */
  readonly seeds: () => readonly Uint8Array[];
  /** Inputs made from nothing, where there is a generator. */
  readonly generated?: fc.Arbitrary<Uint8Array>;
  /** CPU time that an input may take whatever its size, in ms. Default 400. */
  readonly baseMs?: number;
  /** CPU time that it may take for each byte besides, in µs: several times what is needed. Default 100. */
  readonly perByteUs?: number;
  /** Gives an input to the product and checks what comes out. Throws for a finding, and for nothing else. */
  check(input: Uint8Array): Outcome | Promise<Outcome>;
  close?(): Promise<void>;
}

/** A law that does not hold for an input. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** Fails unless a law holds. */
export function must(holds: boolean, law: string): asserts holds {
  if (!holds) throw new Finding(law);
}
