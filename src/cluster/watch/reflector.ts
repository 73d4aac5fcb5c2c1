import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient, Query } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, type Resource } from '../client/resources.js';
import { backOffMs } from '../back-off.js';
import type { Timing } from '../../time/sleep.js';
import { Interruption } from './interruption.js';
import { ItemStore, versionOf } from './item-store.js';

/** What is watched, and what is kept of it. */
export interface ReflectorOptions<Item> extends Timing {
  readonly client: ApiClient;
  readonly resource: Resource;
  /** Absent: all namespaces, or a resource without any. */
  readonly namespace?: string;
  /** Watches this one object alone; absent: all of them. */
  readonly name?: string;
  /** Asks for names, labels and annotations only. */
  readonly metadataOnly?: boolean;
  /** What to keep of an object; `undefined`: nothing. An object for which it throws stays as it was known. */
  readonly pick: (object: JsonObject) => Item | undefined;
  /** How often everything is listed anew, within a tenth. */
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch. Nothing else does. */
  readonly signal: AbortSignal;
  /**
   * Told which keys changed: once for a list, once for all events that came together. Called for the first list even
   * when nothing is there. What it throws is logged.
   */
  readonly onChange?: (keys: ReadonlySet<string>) => void;
  /** Told of each list or watch that failed and is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

/** A copy of the API server's list that follows it. */
export interface Reflector<Item> {
  /** Resolves at the first list that succeeds, however long that takes; never when the signal aborts before. */
  readonly synced: Promise<void>;
  /** Key: `namespace/name`, or the name where there is no namespace. */
  get(key: string): Item | undefined;
  entries(): IterableIterator<readonly [string, Item]>;
  readonly size: number;
  /** When the API server last said anything, on the monotonic clock; `undefined`: never yet. */
  readonly lastContactMs: number | undefined;
  /** When the last list that succeeded was asked for, on the monotonic clock. */
  readonly listedMs: number | undefined;
  /**
   * Lists now. Resolves when a list that was asked for after this call is taken over and `onChange` was told: true when
   * it changed anything. The watch goes on from that list, or, when the list fails, from where it was.
   * @throws ApiError when the list fails; what the signal aborts with
   */
  relist(signal: AbortSignal): Promise<boolean>;
  /**
   * Reads one object now and takes it over: true when that changed anything. One that is not there is taken away.
   * @throws ApiError when it cannot be read
   */
  refresh(name: string, signal: AbortSignal): Promise<boolean>;
}

/** Starts to follow a list. Never throws for what the API server does: it waits and tries again. */
export function startReflector<Item>(options: ReflectorOptions<Item>): Reflector<Item> {
  const supervisor = new Supervisor(options);
  void supervisor.run();
  return supervisor;
}

/** A watch that ends sooner than this without a word is followed by another only after a pause. */
const shortWatchMs = 1_000;
/** A watch that the server kept open for so long has made up for what failed before it. */
const steadyWatchMs = 5_000;
const watchesBeforeList = 3;

interface Waiter {
  readonly resolve: (changed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

class Supervisor<Item> implements Reflector<Item> {
  readonly synced: Promise<void>;
  lastContactMs: number | undefined;
  listedMs: number | undefined;

  readonly #options: ReflectorOptions<Item>;
  readonly #path: string;
  readonly #query: Query;
  readonly #items: ItemStore<Item>;
  readonly #interruption: Interruption;
  #markSynced: () => void = () => undefined;
  /** Where a watch can go on from; `undefined`: only a list can tell. */
  #version: string | undefined;
  #relistAtMs = 0;
  /** Lists and watches that failed, since the last sign of life. */
  #failures = 0;
  /** The last failure was that the version had expired. */
  #expired = false;
  #waiters: Waiter[] = [];
  #changed = new Set<string>();
  #tellSoon: NodeJS.Immediate | undefined;

  constructor(options: ReflectorOptions<Item>) {
    this.#options = options;
    const { resource, namespace, name } = options;
    this.#path = pathOf(resource, namespace === undefined ? {} : { namespace });
    this.#query = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
    this.#items = new ItemStore(options.pick, (error) =>
      options.log.error({ err: error, path: this.#path }, 'an object could not be taken over'),
    );
    this.#interruption = new Interruption(options.signal);
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  entries(): IterableIterator<readonly [string, Item]> {
    return this.#items.entries();
  }

  relist(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      if (signal.aborted || this.#options.signal.aborted) {
        aborted();
        return;
      }
      signal.addEventListener('abort', aborted, { once: true });
      const settled = (): void => signal.removeEventListener('abort', aborted);
      this.#waiters.push({
        resolve: (changed) => {
          settled();
          resolve(changed);
        },
        reject: (error) => {
          settled();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      });
      this.#interruption.interrupt();
    });
  }

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
    this.#changed.add(changed);
    this.#tell();
    return true;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const ended = (): boolean => signal.aborted;
    while (!ended()) {
      try {
        const version = this.#waiters.length > 0 || this.#now() >= this.#relistAtMs ? undefined : this.#version;
        if (version === undefined) await this.#list();
        else await this.#watch(version);
      } catch (error) {
        if (!ended()) await this.#failed(error);
      }
    }
    clearImmediate(this.#tellSoon);
    for (const { reject } of this.#waiters.splice(0)) reject(signal.reason);
  }

  async #list(): Promise<void> {
    const { client, metadataOnly, random, relistMs, signal } = this.#options;
    const waiters = this.#waiters.splice(0);
    const startedMs = this.#now();
    try {
      const { items, resourceVersion } = await client.list(this.#path, {
        query: this.#query,
        signal,
        ...(metadataOnly === undefined ? {} : { metadataOnly }),
      });
      if (resourceVersion === '') throw new Error(`the list of ${this.#path} has no resourceVersion`);
      this.#version = resourceVersion;
      this.#relistAtMs = startedMs + relistMs * (0.9 + 0.2 * random());
      this.#seen();
      const changed = this.#items.replace(items);
      const first = this.listedMs === undefined;
      this.listedMs = startedMs;
      for (const key of changed) this.#changed.add(key);
      if (first || this.#changed.size > 0) this.#tell();
      if (first) this.#markSynced();
      for (const { resolve } of waiters) resolve(changed.size > 0);
    } catch (error) {
      // The watch goes on from where it was: the next list is tried a while later.
      this.#relistAtMs = this.#now() + backOffMs(this.#failures + 1, random, error);
      for (const { reject } of waiters) reject(error);
      throw error;
    }
  }

  /** Follows changes until the server ends it, it fails, or a list is due. */
  async #watch(version: string): Promise<void> {
    const { client, metadataOnly, sleep } = this.#options;
    const startedMs = this.#now();
    let heard = false;
    let cut = false;
    let openMs: number | undefined;
    const { signal, end } = this.#interruption.begin();
    void sleep(Math.max(0, this.#relistAtMs - startedMs), signal).then(() => this.#interruption.interrupt(signal));
    try {
      const events = client.watch(this.#path, {
        query: { ...this.#query, resourceVersion: version, allowWatchBookmarks: true },
        signal,
        onOpen: () => {
          openMs = this.#now();
          this.#seen();
        },
        ...(metadataOnly === undefined ? {} : { metadataOnly }),
      });
      for await (const { type, object } of events) {
        if (signal.aborted) break;
        heard = true;
        this.#recovered();
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
      if (this.#now() - (openMs ?? Infinity) >= steadyWatchMs) this.#recovered();
    }
    if (cut || heard) return;
    if (this.#now() - startedMs < shortWatchMs) throw new Error(`the watch of ${this.#path} ended as soon as it began`);
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: JsonObject): void {
    const key = type === 'DELETED' ? this.#items.drop(object) : this.#items.put(object);
    if (key === undefined) return;
    this.#changed.add(key);
    this.#tellSoon ??= setImmediate(() => this.#tell());
  }

  /** Tells of what changed since it was last told. */
  #tell(): void {
    clearImmediate(this.#tellSoon);
    this.#tellSoon = undefined;
    const keys = this.#changed;
    this.#changed = new Set();
    try {
      this.#options.onChange?.(keys);
    } catch (error) {
      this.#options.log.error({ err: error, path: this.#path }, 'a change could not be carried out');
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { log, onFailure, random, sleep } = this.#options;
    this.#failures += 1;
    const expired = isApiError(error, 'Expired');
    const again = expired && this.#expired;
    this.#expired = expired;
    if (expired) this.#version = undefined;
    // It may be the version itself that the API server will not go on from.
    if (this.#failures % watchesBeforeList === 0) this.#relistAtMs = 0;
    onFailure?.(error);
    // That versions expire is the usual course of things, unless it happens again and again.
    if (expired && !again) return;
    const waitMs = backOffMs(this.#failures, random, error);
    log.warn({ err: error, path: this.#path, waitMs: Math.round(waitMs) }, 'a watch failed; it is tried again');
    const { signal, end } = this.#interruption.begin();
    if (this.#waiters.length === 0) await sleep(waitMs, signal);
    end();
  }

  #recovered(): void {
    if (this.#failures > 1) this.#options.log.info({ path: this.#path }, 'the watch goes on');
    this.#failures = 0;
    this.#expired = false;
  }

  #seen(): void {
    this.lastContactMs = this.#now();
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}
