/**
 * A few names of variables, to be told from very many. Texts that came off the wire are not hashed yet, and a container
 * may have thousands: so they are compared, and for the most part only their lengths.
 */
export class VariableNames {
  readonly #names: readonly string[];
  /** A bit for each length, modulo 32. */
  readonly #lengths: number;

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)];
    this.#lengths = this.#names.reduce((bits, { length }) => bits | (1 << length), 0);
  }

  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  has(name: string): boolean {
    if (((this.#lengths >>> name.length) & 1) === 0) return false;
    for (const known of this.#names) if (known.length === name.length && known === name) return true;
    return false;
  }

  /** With others beside them. */
  with(names: Iterable<string>): VariableNames {
    return new VariableNames([...this.#names, ...names]);
  }
}
