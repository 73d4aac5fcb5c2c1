/** The namespaces that wait for one answer of a registry. More may join while it is under way. */
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

  /** Everyone who asks now. */
  get namespaces(): Iterable<string> {
    return this.#namespaces;
  }

  /** Tells of each that joins from now on. Returns what ends that. */
  onJoin(watcher: (namespace: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
