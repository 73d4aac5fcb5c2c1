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

/** What the marker is followed with. */
export interface PauseMarkerOptions {
  readonly client: ApiClient;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly follow: Follow;
  /** By whose date a pause ends. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ClusterMetrics;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/** Longest delay of a timer. */
const longestMs = 2 ** 31 - 1;

/** What every part of a replica knows of the pause: follows the marker from when this is made. */
export class PauseMarker {
  readonly #options: PauseMarkerOptions;
  readonly #listeners = new Set<() => void>();
  #marker: Pause | undefined;
  #timer: NodeJS.Timeout | undefined;
  #told: Pause | undefined;

  constructor(options: PauseMarkerOptions) {
    this.#options = options;
    const { ownNamespace: namespace, instance: name, signal } = options;
    options.metrics.setPaused(false);
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    options.follow({ resource: resources.configMaps, namespace, name }, (object) => this.#take(object), signal);
  }

  /** The pause that holds now. Before the ConfigMap was read there is none. */
  current(): Pause | undefined {
    return holds(this.#marker, this.#options.clock.wallMs()) ? this.#marker : undefined;
  }

  /** Whether a pause holds now. */
  paused(): boolean {
    return this.current() !== undefined;
  }

  /**
   * Reads the marker from the API server, for those who are about to write.
   * @throws ApiError other than `NotFound`, which means that there is no pause
   */
  async readLive(signal: AbortSignal): Promise<Pause | undefined> {
    const { client, ownNamespace, instance } = this.#options;
    this.#take(await readMarker(client, ownNamespace, instance, signal));
    return this.current();
  }

  /** Calls back when a pause begins, changes or ends. @returns how to stop that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(configMap: JsonObject | undefined): void {
    this.#marker = pauseIn(configMap);
    this.#look();
  }

  readonly #look = (): void => {
    const now = this.current();
    this.#lookAtEnd(now);
    if (now?.untilMs === this.#told?.untilMs && now?.reason === this.#told?.reason) return;
    this.#told = now;
    this.#say(now);
    for (const listener of this.#listeners) listener();
  };

  #lookAtEnd(pause: Pause | undefined): void {
    const { clock, signal } = this.#options;
    clearTimeout(this.#timer);
    if (pause === undefined || pause.untilMs === Infinity || signal.aborted) return;
    this.#timer = setTimeout(this.#look, Math.min(longestMs, Math.max(1, pause.untilMs - clock.wallMs())));
    this.#timer.unref();
  }

  #say(pause: Pause | undefined): void {
    const { log, metrics } = this.#options;
    metrics.setPaused(pause !== undefined);
    if (pause === undefined) log.info('the pause is over');
    else log.warn({ until: untilText(pause), reason: pause.reason }, 'paused: no pod is changed or checked');
  }
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
