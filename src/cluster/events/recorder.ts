import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import type { Decision } from '../../model/decision.js';
import { allDoors, type DoorName } from '../../model/doors.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { Sleep } from '../../time/sleep.js';
import { TokenBucket, TokenBuckets } from '../../time/token-bucket.js';
import { Wake } from '../../time/wake.js';
import { eventObject, seriesPatch, toldOf, type Told } from './event-object.js';
import { isNoteworthy } from './noteworthy.js';
import { PendingQueue } from './pending.js';
import { keyOf, makerOf, RegardingResolver, type Regarding } from './regarding.js';

/** What the recorder needs. */
export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Name of this replica. */
  readonly identity: string;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'countEvent'>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Aborts when nothing may be written any more. */
  readonly signal: AbortSignal;
}

/** The parts of a review that an Event needs. */
export interface RecordedReview {
  readonly door: DoorName;
  readonly namespace: string;
  readonly dryRun: boolean;
}

const doorNamed: ReadonlyMap<DoorName, (typeof allDoors)[number]> = new Map(allDoors.map((door) => [door.name, door]));

const mostPending = 256;
const mostSeries = 1_000;
const mostMuted = 1_000;
const rateInAll = { burst: 100, everyMs: 200 } as const;
const ratePerNamespace = { burst: 25, everyMs: 1_000 } as const;
const ratePerObject = { burst: 10, everyMs: 5 * 60_000 } as const;
// As in client-go's recorder: an Event that comes again within six minutes belongs to the series.
const seriesMs = 6 * 60_000;
const patchEveryMs = 10_000;
const mutedMs = 5 * 60_000;
const closeMs = 2_000;
const requestMs = 5_000;

interface Pending {
  readonly maker: Regarding;
  /** The latest occurrence. */
  told: Told;
  count: number;
}

interface Series {
  readonly namespace: string;
  readonly path: string;
  count: number;
  /** How many occurrences the API server knows about. */
  written: number;
  lastMs: number;
  lastWallMs: number;
  writtenMs: number;
}

/**
 * Writes Events about decisions in the background, as soon as it is created. Decisions of one kind about one object become
 * one Event, and then a series whose count is updated every ten seconds. The limits are ten Events for one object (one more
 * every five minutes), one a second in a namespace (25 at once), and five a second in total (100 at once). Events beyond
 * that, or beyond the queue, are dropped and counted. Namespaces take turns. If Events cannot be written in a namespace, it
 * tries again every five minutes; other namespaces are not affected.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #resolver: RegardingResolver;
  readonly #inAll: TokenBucket;
  readonly #perNamespace: TokenBuckets;
  readonly #perObject: TokenBuckets;
  readonly #pending = new PendingQueue<Pending>(mostPending);
  readonly #series = new LRUCache<string, Series>({ max: mostSeries });
  readonly #wake: Wake;
  readonly #running: Promise<void>;
  /** Namespaces that refused Events, and until when not to try there. */
  readonly #mutedUntilMs = new LRUCache<string, number>({ max: mostMuted });
  #closing = false;

  constructor(options: EventRecorderOptions) {
    const { client, clock, log, sleep } = options;
    this.#options = options;
    this.#resolver = new RegardingResolver(client, clock);
    this.#inAll = new TokenBucket(clock, rateInAll);
    this.#perNamespace = new TokenBuckets(clock, ratePerNamespace);
    this.#perObject = new TokenBuckets(clock, ratePerObject);
    this.#wake = new Wake(sleep);
    this.#running = this.#run().catch((error: unknown) => log.error({ err: error }, 'Events are no longer written'));
  }

  /** Records a decision if it is worth an Event. Neither waits nor throws. Can be passed on as a function. */
  readonly record = ({ door, namespace, dryRun }: RecordedReview, decision: Decision, pod: JsonObject): void => {
    const { signal } = this.#options;
    const asked = doorNamed.get(door);
    if (asked === undefined || dryRun || this.#closing || signal.aborted) return;
    if (!isNoteworthy(asked.verb, decision, pod)) return;
    const maker = makerOf(pod, namespace);
    if (maker === undefined) return;
    this.#enqueue(maker, toldOf(asked.subject.one, decision));
    this.#wake.poke();
  };

  /** Records an Event about an object. Neither waits nor throws. Can be passed on as a function. */
  readonly tell = (maker: Regarding, told: Told): void => {
    if (this.#closing || this.#options.signal.aborted) return;
    this.#enqueue(maker, told);
    this.#wake.poke();
  };

  /** Writes what is still waiting, for two seconds at most, and ends. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake.poke();
    const given = new AbortController();
    await Promise.race([this.#running, this.#options.sleep(closeMs, given.signal)]);
    given.abort();
  }

  #enqueue(maker: Regarding, told: Told): void {
    const owner = maker.namespace;
    if (this.#isMuted(owner)) {
      this.#drop(1);
      return;
    }
    const key = seriesKey(maker, told);
    const same = this.#pending.get(owner, key);
    if (same === undefined) {
      this.#drop(this.#pending.add({ owner, key, item: { maker, told, count: 1 } })?.count ?? 0);
    } else {
      same.count++;
      same.told = told;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const next = this.#pending.next();
      const due = next === undefined ? this.#dueSeries() : undefined;
      if (next !== undefined) await this.#writeNext(next.item);
      else if (due !== undefined) await this.#update(...due);
      else if (this.#closing) return;
      else await this.#wake.sleep(this.#someBehind() ? patchEveryMs / 10 : seriesMs, signal);
    }
  }

  async #writeNext({ maker, told, count }: Pending): Promise<void> {
    const regarding = await this.#resolver.resolve(maker);
    if (regarding === undefined) this.#drop(count);
    else if (this.#continueSeries(regarding, told, count)) return;
    else if (this.#mayCreate(regarding)) await this.#create(regarding, told, count);
    else this.#drop(count);
  }

  /** The shared budget comes last, so an owner that has used up its own share takes nothing from it. */
  #mayCreate(regarding: Regarding): boolean {
    return (
      this.#perObject.take(keyOf(regarding)) && this.#perNamespace.take(regarding.namespace) && this.#inAll.take() === 0
    );
  }

  /** Adds to a series that has not ended; false if there is none. */
  #continueSeries(regarding: Regarding, told: Told, count: number): boolean {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const running = this.#series.get(seriesKey(regarding, told));
    if (running === undefined || nowMs - running.lastMs >= seriesMs) return false;
    running.count += count;
    running.lastMs = nowMs;
    running.lastWallMs = clock.wallMs();
    return true;
  }

  async #create(regarding: Regarding, told: Told, count: number): Promise<void> {
    const { client, clock, identity } = this.#options;
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const unique = randomBytes(8).toString('hex');
    const event = eventObject({ regarding, told, identity, wallMs, unique });
    const { namespace } = regarding;
    await this.#attempt(namespace, async () => {
      const made = await client.create(pathOf(resources.events, { namespace }), event, { timeoutMs: requestMs });
      const path = pathOf(resources.events, { namespace, name: nameIn(made) ?? nameIn(event) ?? '' });
      const series = { namespace, path, count, written: 1, lastMs: nowMs, lastWallMs: wallMs, writtenMs: nowMs };
      this.#series.set(seriesKey(regarding, told), series);
    });
  }

  /** Updates the count of a series. */
  async #update(key: string, one: Series): Promise<void> {
    const { client, clock } = this.#options;
    const { namespace, path, count, lastWallMs } = one;
    one.written = count;
    one.writtenMs = clock.monotonicMs();
    await this.#attempt(namespace, async () => {
      try {
        await client.patch(path, 'merge', seriesPatch(count, lastWallMs), { timeoutMs: requestMs });
      } catch (error) {
        // The Event has expired or was deleted. The next decision creates a new one.
        this.#series.delete(key);
        throw error;
      }
    });
  }

  async #attempt(namespace: string, request: () => Promise<void>): Promise<void> {
    const { log, metrics } = this.#options;
    try {
      await request();
      metrics.countEvent('written');
    } catch (error) {
      metrics.countEvent('failed');
      log.debug({ err: error }, 'an Event could not be written');
      if (isApiError(error, 'Forbidden') && !isTerminating(error.message)) this.#mute(namespace);
    }
  }

  /**
   * Events cannot be written there. The cause may be a webhook or a quota of that namespace, so other namespaces are still
   * tried.
   */
  #mute(namespace: string): void {
    this.#mutedUntilMs.set(namespace, this.#options.clock.monotonicMs() + mutedMs);
    for (const { count } of this.#pending.clear(namespace)) this.#drop(count);
  }

  #isMuted(namespace: string): boolean {
    return this.#options.clock.monotonicMs() < (this.#mutedUntilMs.get(namespace) ?? -Infinity);
  }

  /** A series that is behind and has waited long enough. */
  #dueSeries(): [string, Series] | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [key, one] of this.#series.entries()) {
      if (this.#isBehind(one) && (this.#closing || nowMs - one.writtenMs >= patchEveryMs)) return [key, one];
    }
    return undefined;
  }

  #someBehind(): boolean {
    return [...this.#series.values()].some((one) => this.#isBehind(one));
  }

  /** Whether the API server does not know the whole count yet, and may be told now. */
  #isBehind({ count, written, namespace }: Series): boolean {
    return count > written && !this.#isMuted(namespace);
  }

  #drop(count: number): void {
    for (let left = count; left > 0; left--) this.#options.metrics.countEvent('dropped');
  }
}

/** The Events of one kind about one object. */
function seriesKey(regarding: Regarding, { action, reason }: Told): string {
  return `${keyOf(regarding)} ${action} ${reason}`;
}

function nameIn(event: JsonObject): string | undefined {
  return stringOf(objectOf(event['metadata'])?.['name']);
}

/** A namespace that is being deleted accepts nothing new. That says nothing about our rights. */
function isTerminating(message: string): boolean {
  return message.includes('because it is being terminated');
}
