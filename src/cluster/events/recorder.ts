import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import type { Decision, Door } from '../../model/decision.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { Sleep } from '../../time/sleep.js';
import { eventObject, seriesPatch } from './event-object.js';
import { TokenBuckets } from '../../time/token-bucket.js';
import { isNoteworthy } from './noteworthy.js';
import { createRegardingResolver, makerOf, type Regarding } from './regarding.js';

/** What the recorder works with. */
export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Name of this replica. */
  readonly identity: string;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'countEvent'>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Aborts when nothing is to be written any more. */
  readonly signal: AbortSignal;
}

/** What of a review an Event needs. */
export interface RecordedReview {
  readonly door: Door;
  readonly namespace: string;
  readonly dryRun: boolean;
}

/** Writes Events about decisions, behind the reviews' back. */
export interface EventRecorder {
  /** Takes a decision down if it is worth an Event. Neither waits nor throws. */
  readonly record: (review: RecordedReview, decision: Decision, pod: JsonObject) => void;
  /** Writes what is still to be written, for two seconds at most, and ends. */
  close(): Promise<void>;
}

const mostPending = 256;
const mostSeries = 1_000;
// As the recorder of client-go: what comes again within six minutes belongs to the series.
const seriesMs = 6 * 60_000;
const patchEveryMs = 10_000;
const forbiddenMs = 5 * 60_000;
const closeMs = 2_000;
const requestMs = 5_000;

interface Pending {
  readonly maker: Regarding;
  /** The latest of them. */
  decision: Decision;
  count: number;
}

interface Series {
  readonly path: string;
  count: number;
  /** How many the API server knows of. */
  written: number;
  lastMs: number;
  lastWallMs: number;
  writtenMs: number;
}

/**
 * Makes a recorder. Decisions of one kind about one object become one Event, and then a series whose count is brought up
 * to date every ten seconds. Five Events a second are written at most (25 at once), ten about one object (one more each
 * five minutes); what is more, or does not fit into the queue, is dropped and counted. Where Events may not be written, it
 * is tried again every five minutes.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, identity, log, metrics, clock, sleep, signal } = options;
  const resolve = createRegardingResolver(client);
  const inAll = new TokenBuckets(clock, { burst: 25, everyMs: 200 }, 1);
  const perObject = new TokenBuckets(clock, { burst: 10, everyMs: 5 * 60_000 });
  const pending = new Map<string, Pending>();
  const series = new LRUCache<string, Series>({ max: mostSeries });
  let quietUntilMs = -Infinity;
  let wake: (() => void) | undefined;
  let closing = false;

  const drop = (count: number): void => {
    for (let left = count; left > 0; left--) metrics.countEvent('dropped');
  };

  const record: EventRecorder['record'] = ({ door, namespace, dryRun }, decision, pod) => {
    if (dryRun || closing || signal.aborted || !isNoteworthy(door, decision, pod)) return;
    const maker = makerOf(pod, namespace);
    if (maker === undefined) return;
    const key = `${keyOf(maker)} ${decision.decision} ${decision.reason}`;
    const same = pending.get(key);
    if (same !== undefined) {
      same.count++;
      same.decision = decision;
    } else if (pending.size >= mostPending || clock.monotonicMs() < quietUntilMs) drop(1);
    else pending.set(key, { maker, decision, count: 1 });
    wake?.();
  };

  async function write({ maker, decision, count }: Pending): Promise<void> {
    const regarding = await resolve(maker);
    const key = `${keyOf(regarding)} ${decision.decision} ${decision.reason}`;
    const nowMs = clock.monotonicMs();
    const running = series.get(key);
    if (running !== undefined && nowMs - running.lastMs < seriesMs) {
      running.count += count;
      running.lastMs = nowMs;
      running.lastWallMs = clock.wallMs();
      return;
    }
    if (!perObject.take(keyOf(regarding)) || !inAll.take('')) {
      drop(count);
      return;
    }
    const wallMs = clock.wallMs();
    const unique = randomBytes(8).toString('hex');
    const event = eventObject({ regarding, decision, identity, wallMs, unique });
    const { namespace } = regarding;
    await attempt(async () => {
      const made = await client.create(pathOf(resources.events, { namespace }), event, { timeoutMs: requestMs });
      const path = pathOf(resources.events, { namespace, name: nameIn(made) ?? nameIn(event) ?? '' });
      series.set(key, { path, count, written: 1, lastMs: nowMs, lastWallMs: wallMs, writtenMs: nowMs });
    });
  }

  async function update(key: string, one: Series): Promise<void> {
    const { path, count, lastWallMs } = one;
    one.written = count;
    one.writtenMs = clock.monotonicMs();
    await attempt(async () => {
      try {
        await client.patch(path, 'merge', seriesPatch(count, lastWallMs), { timeoutMs: requestMs });
      } catch (error) {
        // It has expired, or somebody has deleted it: the next decision makes a new one.
        series.delete(key);
        throw error;
      }
    });
  }

  async function attempt(request: () => Promise<void>): Promise<void> {
    try {
      await request();
      metrics.countEvent('written');
    } catch (error) {
      metrics.countEvent('failed');
      log.debug({ err: error }, 'an Event could not be written');
      if (!isApiError(error, 'Forbidden') || isTerminating(error.message)) return;
      quietUntilMs = clock.monotonicMs() + forbiddenMs;
      for (const { count } of pending.values()) drop(count);
      pending.clear();
    }
  }

  /** The series that is behind, and has waited long enough. */
  function dueSeries(nowMs: number): [string, Series] | undefined {
    for (const [key, one] of series.entries()) {
      if (one.count > one.written && (closing || nowMs - one.writtenMs >= patchEveryMs)) return [key, one];
    }
    return undefined;
  }

  async function wait(): Promise<void> {
    const behind = [...series.values()].some((one) => one.count > one.written);
    const woken = new AbortController();
    wake = () => woken.abort();
    await sleep(behind ? patchEveryMs / 10 : seriesMs, AbortSignal.any([signal, woken.signal]));
    wake = undefined;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const [next] = pending;
      if (next !== undefined) {
        pending.delete(next[0]);
        await write(next[1]);
        continue;
      }
      const nowMs = clock.monotonicMs();
      const due = nowMs < quietUntilMs ? undefined : dueSeries(nowMs);
      if (due !== undefined) await update(...due);
      else if (closing) return;
      else await wait();
    }
  }

  const running = run().catch((error: unknown) => log.error({ err: error }, 'Events are no longer written'));
  return {
    record,
    close: async () => {
      closing = true;
      wake?.();
      const given = new AbortController();
      await Promise.race([running, sleep(closeMs, given.signal)]);
      given.abort();
    },
  };
}

function keyOf({ apiVersion, kind, namespace, name, uid }: Regarding): string {
  return `${apiVersion} ${kind} ${namespace}/${name} ${uid ?? ''}`;
}

function nameIn(event: JsonObject): string | undefined {
  return stringOf(objectOf(event['metadata'])?.['name']);
}

/** A namespace that is being deleted takes nothing new, and that says nothing about our rights. */
function isTerminating(message: string): boolean {
  return message.includes('because it is being terminated');
}
