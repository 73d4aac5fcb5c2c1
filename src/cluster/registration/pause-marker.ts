import type { Clock } from '../../time/clock.js';
import type { JsonObject } from '../../model/json.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { Followed, Follow } from './follow.js';
import {
  isOlderMarkIgnored,
  pauseAt,
  pauseSentence,
  untilText,
  type MarkedObjects,
  type Pause,
} from './pause-record.js';

/** What is needed to follow the marker. */
export interface PauseMarkerOptions {
  readonly client: ApiClient;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly follow: Follow;
  /** The clock whose date ends a pause. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ClusterMetrics;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/** Longest delay of a timer. */
const longestMs = 2 ** 31 - 1;

const marked = ['mutating', 'validating', 'configMap'] as const;
type Marked = (typeof marked)[number];

/** What every part of a replica knows about the pause. From its creation, it follows the objects that can carry a marker. */
export class PauseMarker {
  readonly #options: PauseMarkerOptions;
  readonly #listeners = new Set<() => void>();
  /** The objects as they were last seen. Missing ones were not read yet. */
  readonly #seen = new Map<Marked, JsonObject | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #told: Pause | undefined;
  #toldIgnored = false;

  constructor(options: PauseMarkerOptions) {
    this.#options = options;
    const { signal, follow } = options;
    options.metrics.setPaused(false);
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    for (const one of marked) {
      const take = (object: JsonObject | undefined): void => {
        this.#seen.set(one, object);
        this.#look();
      };
      follow(placeOf(one, options), take, signal);
    }
  }

  /** The current pause. There is none until every object that can carry a marker was read. */
  current(): Pause | undefined {
    const objects = this.#objects();
    return objects === undefined ? undefined : pauseAt(objects, this.#options.clock.wallMs());
  }

  /** Whether there is a pause now. */
  paused(): boolean {
    return this.current() !== undefined;
  }

  /**
   * Reads the marker from the API server, for callers that are about to write.
   * @throws ApiError
   */
  async readLive(signal: AbortSignal): Promise<Pause | undefined> {
    const objects = await Promise.all(marked.map((one) => readMarked(this.#options, one, signal)));
    objects.forEach((object, index) => {
      const one = marked[index];
      if (one !== undefined) this.#seen.set(one, object);
    });
    this.#look();
    return this.current();
  }

  /** Calls back when a pause begins, changes or ends. @returns how to stop that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #objects(): MarkedObjects | undefined {
    if (marked.some((one) => !this.#seen.has(one))) return undefined;
    const [mutating, validating, configMap] = marked.map((one) => this.#seen.get(one));
    return { mutating, validating, configMap };
  }

  readonly #look = (): void => {
    const now = this.current();
    this.#lookAtEnd(now);
    this.#lookForIgnored();
    if (isSame(now, this.#told)) return;
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

  #lookForIgnored(): void {
    const { clock, log } = this.#options;
    const objects = this.#objects();
    const ignored = objects !== undefined && isOlderMarkIgnored(objects, clock.wallMs());
    if (ignored && !this.#toldIgnored) {
      log.warn(
        'the ConfigMap carries the pause marker of an earlier version, which pauses nothing here: it is ignored',
      );
    }
    this.#toldIgnored = ignored;
  }

  #say(pause: Pause | undefined): void {
    const { log, metrics } = this.#options;
    metrics.setPaused(pause !== undefined);
    if (pause === undefined) log.info('the pause is over');
    else {
      const { since, by, reason, marker } = pause;
      const about = { until: untilText(pause), since, by, reason, marker };
      log.warn(about, `paused ${pauseSentence({ ...pause, until: untilText(pause) })}: nothing is kept or repaired`);
    }
  }
}

/** Whether two pauses say the same. */
export function isSame(one: Pause | undefined, other: Pause | undefined): boolean {
  return (
    one?.untilMs === other?.untilMs &&
    one?.since === other?.since &&
    one?.by === other?.by &&
    one?.reason === other?.reason &&
    one?.marker === other?.marker
  );
}

function placeOf(
  one: Marked,
  { instance: name, ownNamespace: namespace }: Pick<PauseMarkerOptions, 'instance' | 'ownNamespace'>,
): Followed {
  if (one === 'configMap') return { resource: resources.configMaps, namespace, name };
  // Only the annotations of the configurations are needed, and a cluster may have thousands of entries.
  const resource = one === 'mutating' ? resources.mutatingWebhooks : resources.validatingWebhooks;
  return { resource, name, metadataOnly: true };
}

async function readMarked(
  options: Pick<PauseMarkerOptions, 'client' | 'instance' | 'ownNamespace'>,
  one: Marked,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  const { resource, ...address } = placeOf(one, options);
  const { metadataOnly = false, ...place } = address;
  try {
    return await options.client.get(pathOf(resource, place), { signal, metadataOnly });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
