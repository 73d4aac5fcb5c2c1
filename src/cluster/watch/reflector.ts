import type { JsonObject } from '../../model/json.js';
import { isAborted, unlessAborted } from '../../time/abort.js';
import { asError } from '../../time/as-error.js';
import type { Query } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf } from '../client/resources.js';
import { Changes } from './changes.js';
import { Failures } from './failures.js';
import { Interruption } from './interruption.js';
import { ItemStore, versionOf } from './item-store.js';
import type { ReflectorOptions } from './reflector-options.js';

/** If a watch ends sooner than this without an error, the next one starts only after a pause. */
const shortWatchMs = 1_000;
/** A watch that the server kept open for this long clears earlier failures. */
const steadyWatchMs = 5_000;

/** A caller that waits for a list. */
interface Waiter {
  readonly resolve: (changed: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A copy of the API server's list that follows it, from when it is made until its signal aborts. Never throws for the API
 * server's errors: it waits and tries again.
 */
export class Reflector<Item> {
  /** Resolves at the first list that succeeds, however long that takes; never when the signal aborts before. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<Item>;
  readonly #path: string;
  readonly #query: Query;
  readonly #items: ItemStore<Item>;
  readonly #changes: Changes;
  readonly #failures: Failures;
  readonly #interruption: Interruption;
  #markSynced: () => void = () => undefined;
  #lastContactMs: number | undefined;
  #listedMs: number | undefined;
  /** The version from which a watch can continue; `undefined` if only a list can give one. */
  #version: string | undefined;
  #relistAtMs = 0;
  #waiters: Waiter[] = [];

  constructor(options: ReflectorOptions<Item>) {
    const { resource, namespace, name, labels, log, random, signal, pick, onChange } = options;
    const path = pathOf(resource, namespace === undefined ? {} : { namespace });
    this.#options = options;
    this.#path = path;
    this.#query = {
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
      ...(labels === undefined ? {} : { labelSelector: labels }),
    };
    this.#items = new ItemStore(pick, (error) => log.error({ err: error, path }, 'an object could not be taken over'));
    this.#changes = new Changes(
      (keys) => onChange?.(keys),
      (error) => log.error({ err: error, path }, 'a change could not be carried out'),
    );
    this.#failures = new Failures(path, log, random);
    this.#interruption = new Interruption(signal);
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
    void this.#run();
  }

  get size(): number {
    return this.#items.size;
  }

  /** When the API server last answered, on the monotonic clock; `undefined` if never. */
  get lastContactMs(): number | undefined {
    return this.#lastContactMs;
  }

  /** When the last successful list was requested, on the monotonic clock. */
  get listedMs(): number | undefined {
    return this.#listedMs;
  }

  /** Key: `namespace/name`, or the name where there is no namespace. */
  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  entries(): IterableIterator<readonly [string, Item]> {
    return this.#items.entries();
  }

  /**
   * Lists now. Resolves when a list that was requested after this call has been taken over and `onChange` was called: true
   * if it changed anything. The watch continues from that list, or, if the list fails, from where it was.
   * @throws ApiError when the list fails; `WaitEnded` when the signal aborts; what the reflector's signal aborts with
   */
  async relist(signal: AbortSignal): Promise<boolean> {
    const whole = this.#options.signal;
    if (whole.aborted) throw asError(whole.reason);
    const listed = new Promise<boolean>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.#interruption.interrupt();
    return await unlessAborted(listed, signal);
  }

  /**
   * Reads one object now and takes it over: true if that changed anything. A missing object is removed.
   * @throws ApiError when it cannot be read
   */
  async refresh(name: string, signal: AbortSignal): Promise<boolean> {
    const { client, resource, namespace } = this.#options;
    const address = namespace === undefined ? { name } : { namespace, name };
    let changed: string | undefined;
    try {
      changed = this.#items.put(await client.get(pathOf(resource, address), { signal }));
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      changed = this.#items.remove(namespace === undefined ? name : `${namespace}/${name}`);
    }
    this.#seen();
    if (changed === undefined) return false;
    this.#changes.add([changed]);
    this.#changes.tell();
    return true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!isAborted(signal)) {
      try {
        const version = this.#isListDue() ? undefined : this.#version;
        if (version === undefined) await this.#list();
        else await this.#watch(version);
      } catch (error) {
        if (!isAborted(signal)) await this.#failed(error);
      }
    }
    this.#changes.stop();
    for (const { reject } of this.#waiters.splice(0)) reject(asError(signal.reason));
  }

  #isListDue(): boolean {
    return this.#waiters.length > 0 || this.#nowMs() >= this.#relistAtMs;
  }

  async #list(): Promise<void> {
    const waiters = this.#waiters.splice(0);
    try {
      const changed = await this.#takeList();
      for (const { resolve } of waiters) resolve(changed);
    } catch (error) {
      // The watch continues from where it was, and the next list is tried a while later.
      this.#relistAtMs = this.#nowMs() + this.#failures.nextListMs(error);
      for (const { reject } of waiters) reject(asError(error));
      throw error;
    }
  }

  /** @returns whether it changed anything */
  async #takeList(): Promise<boolean> {
    const { client, random, relistMs, signal } = this.#options;
    const startedMs = this.#nowMs();
    const { items, resourceVersion } = await client.list(this.#path, {
      query: this.#query,
      signal,
      ...this.#metadataOnly(),
    });
    if (resourceVersion === '') throw new Error(`the list of ${this.#path} has no resourceVersion`);
    this.#version = resourceVersion;
    this.#relistAtMs = startedMs + relistMs * (0.9 + 0.2 * random());
    this.#seen();
    const changed = this.#items.replace(items);
    const first = this.#listedMs === undefined;
    this.#listedMs = startedMs;
    this.#changes.add(changed);
    if (first || this.#changes.size > 0) this.#changes.tell();
    if (first) this.#markSynced();
    return changed.size > 0;
  }

  /** Follows changes until the server ends it, it fails, or a list is due. */
  async #watch(version: string): Promise<void> {
    const startedMs = this.#nowMs();
    let heard = false;
    let cut = false;
    let openMs: number | undefined;
    const { signal, end } = this.#interruption.begin();
    this.#interruptWhenListDue(signal);
    try {
      const events = this.#options.client.watch(this.#path, {
        query: { ...this.#query, resourceVersion: version, allowWatchBookmarks: true },
        signal,
        onOpen: () => {
          openMs = this.#nowMs();
          this.#seen();
        },
        ...this.#metadataOnly(),
      });
      for await (const { type, object } of events) {
        if (signal.aborted) break;
        heard = true;
        this.#failures.recovered();
        this.#seen();
        if (type !== 'BOOKMARK') this.#take(type, object);
        const next = versionOf(object);
        if (next !== '') this.#version = next;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      cut = signal.aborted;
      end();
      if (this.#nowMs() - (openMs ?? Infinity) >= steadyWatchMs) this.#failures.recovered();
    }
    if (cut || heard) return;
    if (this.#nowMs() - startedMs < shortWatchMs) {
      throw new Error(`the watch of ${this.#path} ended as soon as it began`);
    }
  }

  #interruptWhenListDue(signal: AbortSignal): void {
    const leftMs = Math.max(0, this.#relistAtMs - this.#nowMs());
    void this.#options.sleep(leftMs, signal).then(() => this.#interruption.interrupt(signal));
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: JsonObject): void {
    const key = type === 'DELETED' ? this.#items.drop(object) : this.#items.put(object);
    if (key === undefined) return;
    this.#changes.add([key]);
    this.#changes.tellSoon();
  }

  async #failed(error: unknown): Promise<void> {
    const { expired, relist, waitMs } = this.#failures.add(error);
    if (expired) this.#version = undefined;
    if (relist) this.#relistAtMs = 0;
    this.#options.onFailure?.(error);
    if (waitMs === undefined) return;
    const { signal, end } = this.#interruption.begin();
    if (this.#waiters.length === 0) await this.#options.sleep(waitMs, signal);
    end();
  }

  #metadataOnly(): { readonly metadataOnly?: boolean } {
    const { metadataOnly } = this.#options;
    return metadataOnly === undefined ? {} : { metadataOnly };
  }

  #seen(): void {
    this.#lastContactMs = this.#nowMs();
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
