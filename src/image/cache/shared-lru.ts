import { Ranking } from './ranking.js';

/** Sizes of a cache. */
export interface SharedLruLimits<V> {
  /** Most entries. */
  readonly entries: number;
  /** The approximate maximum of bytes; absent: no limit besides the entries'. */
  readonly bytes?: number;
  /** Bytes of one entry, about. */
  readonly sizeOf?: (value: V, key: string) => number;
  /** Called for each entry that is dropped for room. */
  readonly onEvict?: () => void;
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  /** Namespaces that have used it. */
  readonly holders: Holder[];
}

interface Holder {
  readonly namespace: string;
  /** When the namespace used it, counted in uses. */
  usedAt: number;
}

interface Share {
  /** The least recently used first. */
  readonly keys: Set<string>;
  bytes: number;
}

/** How many namespaces are remembered as users of one entry: those that hold least, which lose nothing soon. */
const mostHolders = 8;

/**
 * A cache that drops the least recently used entry of the namespace that holds most. Each namespace that has used an entry
 * holds it, and the entry stays as long as one of them has room for it. So a namespace that fills the cache only pushes out
 * its own entries, and no share has to be reserved: a single namespace can use all of it.
 */
export class SharedLru<V> {
  readonly #limits: SharedLruLimits<V>;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<V>>();
  readonly #shares = new Map<string, Share>();
  /** Namespaces by how much of the room they hold, of entries or of bytes, whichever is nearer to its limit. */
  readonly #ranking = new Ranking();
  readonly #bytesPerEntry: number;
  #bytes = 0;
  #uses = 0;

  constructor(limits: SharedLruLimits<V>) {
    this.#limits = limits;
    this.#bytesPerEntry = (limits.bytes ?? Infinity) / limits.entries;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The value, which the namespace then holds, too. */
  get(key: string, namespace: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const holder = entry.holders.find((one) => one.namespace === namespace);
    if (holder !== undefined && this.#isRecent(holder)) return entry.value;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (holder === undefined) this.#hold(key, entry, namespace);
    else this.#use(key, holder);
    return entry.value;
  }

  /** Keeps a value for the namespace, and for those that held the replaced one. One that is too large is not kept. */
  set(key: string, value: V, namespace: string): void {
    const { sizeOf, bytes: most = Infinity } = this.#limits;
    const holders = this.#entries.get(key)?.holders.slice() ?? [];
    this.delete(key);
    const bytes = sizeOf?.(value, key) ?? 0;
    if (bytes > most) return;
    const entry: Entry<V> = { value, bytes, holders: [] };
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    for (const holder of holders) if (holder.namespace !== namespace) this.#hold(key, entry, holder.namespace);
    this.#hold(key, entry, namespace);
    this.#makeRoom();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    for (const { namespace } of entry.holders.slice()) this.#letGo(key, entry, namespace);
    this.#remove(key, entry);
  }

  /** Everything, the most recently used first. */
  newestFirst(): readonly (readonly [string, V])[] {
    return [...this.#entries].map(([key, { value }]) => [key, value] as const).reverse();
  }

  /** An entry that was used within the last sixteenth of the room stays in place, so that most uses change nothing. */
  #isRecent({ usedAt }: Holder): boolean {
    return (this.#uses - usedAt) * 16 < this.#limits.entries;
  }

  #use(key: string, holder: Holder): void {
    const keys = this.#shares.get(holder.namespace)?.keys;
    keys?.delete(key);
    keys?.add(key);
    holder.usedAt = ++this.#uses;
  }

  #hold(key: string, entry: Entry<V>, namespace: string): void {
    if (entry.holders.length >= mostHolders && !this.#takesOver(key, entry, namespace)) return;
    const share = this.#shares.get(namespace) ?? { keys: new Set(), bytes: 0 };
    this.#shares.set(namespace, share);
    share.keys.add(key);
    share.bytes += entry.bytes;
    this.#rank(namespace, share);
    entry.holders.push({ namespace, usedAt: ++this.#uses });
  }

  /** Whether the namespace takes the place of the entry's largest holder. */
  #takesOver(key: string, entry: Entry<V>, namespace: string): boolean {
    let largest: string | undefined;
    let most = this.#ranking.weightOf(namespace);
    for (const holder of entry.holders) {
      const weight = this.#ranking.weightOf(holder.namespace);
      if (weight <= most) continue;
      most = weight;
      largest = holder.namespace;
    }
    if (largest !== undefined) this.#letGo(key, entry, largest);
    return largest !== undefined;
  }

  #letGo(key: string, entry: Entry<V>, namespace: string): void {
    const share = this.#shares.get(namespace);
    if (share?.keys.delete(key) !== true) return;
    share.bytes -= entry.bytes;
    if (share.keys.size === 0) this.#shares.delete(namespace);
    this.#rank(namespace, share);
    entry.holders.splice(
      entry.holders.findIndex((holder) => holder.namespace === namespace),
      1,
    );
  }

  #rank(namespace: string, { keys, bytes }: Share): void {
    this.#ranking.put(namespace, Math.max(keys.size, Math.ceil(bytes / this.#bytesPerEntry)));
  }

  #remove(key: string, { bytes }: Entry<V>): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }

  /** Each round takes back one hold, so all rounds together are no more than new uses. */
  #makeRoom(): void {
    const { entries, bytes = Infinity, onEvict } = this.#limits;
    while (this.#entries.size > entries || this.#bytes > bytes) {
      const namespace = this.#ranking.heaviest();
      if (namespace === undefined) return;
      const [key] = this.#shares.get(namespace)?.keys ?? [];
      const entry = key === undefined ? undefined : this.#entries.get(key);
      if (key === undefined || entry === undefined) return;
      this.#letGo(key, entry, namespace);
      if (entry.holders.length > 0) continue;
      this.#remove(key, entry);
      onEvict?.();
    }
  }
}
