import { createHash } from 'node:crypto';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { reportingController } from '../events/event-object.js';
import { microTime } from '../micro-time.js';
import { isSame, type PauseMarker } from './pause-marker.js';
import { pauseSentence, untilText, type Pause } from './pause-record.js';

/** What is needed to write Events about pauses. */
export interface PauseEventsOptions {
  readonly client: ApiClient;
  readonly instance: string;
  readonly ownNamespace: string;
  /** Name of this replica. */
  readonly identity: string;
  readonly pause: Pick<PauseMarker, 'current' | 'onChange'>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Logger;
}

const againMs = 30_000;
const requestMs = 5_000;
const longestInstance = 128;

/**
 * Writes Events on the installation's ConfigMap that a pause began, changed or is over. The leader runs it. An Event's name
 * is derived from its content, so that the next leader does not repeat it.
 */
export class PauseEvents {
  readonly #options: PauseEventsOptions;
  readonly #wake: Wake;

  constructor(options: PauseEventsOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Ends soon after the signal aborts, and never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { pause } = this.#options;
    const unsubscribe = pause.onChange(this.#wake.poke);
    let told: Pause | undefined;
    while (!signal.aborted) {
      const now = pause.current();
      let waitMs = Infinity;
      if (!isSame(now, told)) {
        if (await this.#tell(told, now, signal)) told = now;
        else waitMs = againMs;
      }
      await this.#wake.sleep(waitMs, signal);
    }
    unsubscribe();
  }

  /** @returns whether it is reported, or cannot be */
  async #tell(before: Pause | undefined, now: Pause | undefined, signal: AbortSignal): Promise<boolean> {
    const { client, ownNamespace, instance, log } = this.#options;
    try {
      const address = { namespace: ownNamespace, name: instance };
      const options = { signal, timeoutMs: requestMs };
      const configMap = await client.get(pathOf(resources.configMaps, address), options);
      const event = this.#eventOf(before, now, stringOf(objectOf(configMap['metadata'])?.['uid']));
      await client.create(pathOf(resources.events, { namespace: ownNamespace }), event, options);
      return true;
    } catch (error) {
      if (isApiError(error, 'AlreadyExists')) return true;
      if (signal.aborted) return false;
      log.warn({ err: error }, 'the Event about the pause cannot be written');
      return isApiError(error, 'Forbidden', 'NotFound');
    }
  }

  #eventOf(before: Pause | undefined, now: Pause | undefined, uid: string | undefined): JsonObject {
    const { instance, ownNamespace, identity, clock } = this.#options;
    const about = now ?? before;
    const said = about === undefined ? '' : pauseSentence({ ...about, until: untilText(about) });
    const note = now === undefined ? `No longer paused; it was ${said}.` : `Paused ${said}.`;
    const unique = createHash('sha256')
      .update(JSON.stringify([uid, note]))
      .digest('hex')
      .slice(0, 16);
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${instance}.${unique}`, namespace: ownNamespace },
      eventTime: microTime(clock.wallMs()),
      reportingController,
      reportingInstance: identity.slice(0, longestInstance),
      action: now === undefined ? 'Resume' : 'Pause',
      reason: now === undefined ? 'Resumed' : 'Paused',
      regarding: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: ownNamespace,
        name: instance,
        ...(uid === undefined ? {} : { uid }),
      },
      type: now === undefined ? 'Normal' : 'Warning',
      note,
    };
  }
}
