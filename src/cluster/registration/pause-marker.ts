import type { Clock } from '../../time/clock.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { Follow } from './follow.js';

/** What stands in the annotation for a pause without an end. */
export const forever = 'forever';

/** A pause, as its marker says it. */
export interface Pause {
  /** Milliseconds since 1970; `Infinity` for a pause without an end. */
  readonly untilMs: number;
  /** What the person who paused gave as a reason. */
  readonly reason: string | undefined;
}

/** Where the marker is: an annotation of the chart's ConfigMap. */
export function markerPath(ownNamespace: string, instance: string): string {
  return pathOf(resources.configMaps, { namespace: ownNamespace, name: instance });
}

/**
 * Reads the marker, whether its time is over or not. A time that cannot be read is one without an end: somebody wanted
 * to pause.
 */
export function pauseIn(configMap: JsonObject | undefined): Pause | undefined {
  const annotations = objectOf(objectOf(configMap?.['metadata'])?.['annotations']);
  const until = stringOf(annotations?.[names.pausedUntil])?.trim() ?? '';
  if (until === '') return undefined;
  const untilMs = until === forever ? Infinity : Date.parse(until);
  return { untilMs: Number.isNaN(untilMs) ? Infinity : untilMs, reason: stringOf(annotations?.[names.pauseReason]) };
}

/** Whether a pause holds at a time. */
export function holds(pause: Pause | undefined, nowMs: number): pause is Pause {
  return pause !== undefined && nowMs < pause.untilMs;
}

/** What every part of a replica knows of the pause. */
export interface PauseMarker {
  /** The pause that holds now. Before the ConfigMap was read there is none. */
  current(): Pause | undefined;
  /** Whether a pause holds now. */
  paused(): boolean;
  /**
   * Reads the marker from the API server, for those who are about to write.
   * @throws ApiError other than `NotFound`, which means that there is no pause
   */
  readLive(signal: AbortSignal): Promise<Pause | undefined>;
  /** Calls back when a pause begins, changes or ends. @returns how to stop that */
  onChange(listener: () => void): () => void;
}

/** Longest delay of a timer. */
const longestMs = 2 ** 31 - 1;

/** Follows the marker until the signal aborts. For every replica. */
export function followPause(options: {
  readonly client: ApiClient;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly follow: Follow;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ClusterMetrics;
  readonly signal: AbortSignal;
}): PauseMarker {
  const { client, instance, ownNamespace, follow, clock, log, metrics, signal } = options;
  const listeners = new Set<() => void>();
  let marker: Pause | undefined;
  let timer: NodeJS.Timeout | undefined;
  let told: Pause | undefined;

  const current = (): Pause | undefined => (holds(marker, clock.wallMs()) ? marker : undefined);
  const take = (configMap: JsonObject | undefined): Pause | undefined => {
    marker = pauseIn(configMap);
    look();
    return current();
  };
  const look = (): void => {
    clearTimeout(timer);
    const now = current();
    if (now !== undefined && now.untilMs !== Infinity && !signal.aborted) {
      timer = setTimeout(look, Math.min(longestMs, Math.max(1, now.untilMs - clock.wallMs())));
      timer.unref();
    }
    if (now?.untilMs === told?.untilMs && now?.reason === told?.reason) return;
    told = now;
    metrics.setPaused(now !== undefined);
    if (now === undefined) log.info('the pause is over');
    else log.warn({ until: untilText(now), reason: now.reason }, 'paused: no pod is changed or checked');
    for (const listener of listeners) listener();
  };
  metrics.setPaused(false);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  follow({ resource: resources.configMaps, namespace: ownNamespace, name: instance }, take, signal);
  return {
    current,
    paused: () => current() !== undefined,
    readLive: async (signal) => take(await readMarker(client, ownNamespace, instance, signal)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The end of a pause, for people. */
export function untilText({ untilMs }: Pause): string {
  return untilMs === Infinity ? forever : new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

async function readMarker(
  client: ApiClient,
  ownNamespace: string,
  instance: string,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    return await client.get(markerPath(ownNamespace, instance), { signal });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
