import type { CacheFile } from '../cache/file.js';
import type { RegistryResolver } from '../resolver.js';

const saveIntervalMs = 60_000;

/** Writes a resolver's cache to its file every minute in which something was learned, and at the end. */
export class SavedCache {
  readonly #file: CacheFile;
  readonly #resolver: RegistryResolver;
  readonly #timer: NodeJS.Timeout;
  #saving = Promise.resolve();
  #savedAtMisses = 0;

  /** Starts writing; the file was read before. */
  constructor(file: CacheFile, resolver: RegistryResolver) {
    this.#file = file;
    this.#resolver = resolver;
    this.#timer = setInterval(() => this.#save(), saveIntervalMs);
    this.#timer.unref();
  }

  /** Resolves when everything is written. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#save();
    return this.#saving;
  }

  #save(): void {
    const { misses } = this.#resolver.stats();
    // Nothing is learned without a miss.
    if (misses === this.#savedAtMisses) return;
    this.#savedAtMisses = misses;
    this.#saving = this.#saving.then(() => this.#file.save(this.#resolver.cache));
  }
}
