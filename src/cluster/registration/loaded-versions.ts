import type { StandingObject } from './standing.js';

/** How many answers in a row, each on a new connection, are a proof. */
export const inARow = 5;
// An API server that is further behind than this many writes counts as one that has loaded nothing.
const mostVersions = 64;

/**
 * What is known about the version of one webhook configuration that the API server has loaded. Versions are counted as
 * they are written; an entry is loaded when five new connections in a row were answered by versions that all have it as
 * it is now. So the change of one entry does not affect the proof of another, and a long series of changes does not
 * prevent it.
 */
export class LoadedVersions {
  readonly #byHash = new Map<string, number>();
  #entries: ReadonlyMap<string, { readonly digest: string; readonly since: number }> = new Map();
  #hash: string | undefined;
  #latest = -1;
  #row: number[] = [];
  /** The earliest version among the answers of the last proof; `undefined` if there was none in this term. */
  #proven: number | undefined;
  #doubted = true;

  /** Takes over the current state. @returns whether it is a new version */
  stand({ hash, entries }: StandingObject): boolean {
    const isSame =
      this.#latest >= 0 &&
      hash === this.#hash &&
      entries.size === this.#entries.size &&
      [...entries].every(([name, digest]) => this.#entries.get(name)?.digest === digest);
    if (isSame) return false;
    this.#latest++;
    this.#hash = hash;
    this.#entries = new Map(
      [...entries].map(([name, digest]) => {
        const before = this.#entries.get(name);
        return [name, before?.digest === digest ? before : { digest, since: this.#latest }];
      }),
    );
    if (hash !== undefined) this.#remember(hash);
    return true;
  }

  /**
   * Takes over an answer on a new connection.
   * @param hash of the configuration that the API server used; `undefined` if the answer named none
   * @returns whether it counts towards a proof of every entry as it is now
   */
  answered(hash: string | undefined): boolean {
    const version = this.#versionOf(hash);
    this.#row = version === undefined ? [] : [...this.#row, version].slice(-inARow);
    if (this.#row.length === inARow) {
      this.#proven = Math.min(...this.#row);
      this.#doubted = false;
    } else this.seen(hash);
    return version !== undefined && version >= this.#needed();
  }

  /** Takes over an answer that is not part of a proof. An API server that is behind counts against one. */
  seen(hash: string | undefined): void {
    const version = this.#versionOf(hash);
    if (version !== undefined && this.#proven !== undefined && version < this.#proven) this.#proven = version;
  }

  /** Call this when nothing was watched for a while. Proofs have to be repeated, and stay valid until then. */
  doubt(): void {
    this.#doubted = true;
    this.#row = [];
  }

  /** Call this when a proof could not be repeated. */
  giveUp(): void {
    if (this.#doubted) this.#proven = -1;
  }

  /** Records that nothing is known to be loaded. */
  lose(): void {
    this.doubt();
    this.#proven = -1;
  }

  /** Whether an entry is loaded; `undefined` if it was loaded before this term, and this term has not found out yet. */
  has(name: string): boolean | undefined {
    const since = this.#entries.get(name)?.since;
    if (since === undefined) return false;
    if (this.#proven === undefined) return since === 0 ? undefined : false;
    return since <= this.#proven;
  }

  /** Whether there is nothing to prove. */
  isSettled(): boolean {
    if (this.#entries.size === 0) return true;
    return !this.#doubted && this.#proven !== undefined && this.#needed() <= this.#proven;
  }

  /** The first version that has every entry as it is now. */
  #needed(): number {
    let needed = 0;
    for (const { since } of this.#entries.values()) needed = Math.max(needed, since);
    return needed;
  }

  #versionOf(hash: string | undefined): number | undefined {
    return hash === undefined ? undefined : this.#byHash.get(hash);
  }

  #remember(hash: string): void {
    this.#byHash.delete(hash);
    this.#byHash.set(hash, this.#latest);
    const [oldest] = this.#byHash.keys();
    if (oldest !== undefined && this.#byHash.size > mostVersions) this.#byHash.delete(oldest);
  }
}
