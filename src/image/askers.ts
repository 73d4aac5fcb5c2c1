/** The namespaces that wait for one answer of a registry. More may join while it is in progress. */
export class Askers {
  readonly #namespaces: Set<string>;
  readonly #watchers = new Set<(namespace: string) => void>();

  constructor(first: string) {
    this.#namespaces = new Set([first]);
  }

  join(namespace: string): void {
    if (this.#namespaces.has(namespace)) return;
    this.#namespaces.add(namespace);
    for (const watcher of this.#watchers) watcher(namespace);
  }

  /** All namespaces that ask now. */
  get namespaces(): Iterable<string> {
    return this.#namespaces;
  }

  /** Calls back for each namespace that joins from now on. Returns a function that stops this. */
  onJoin(watcher: (namespace: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
