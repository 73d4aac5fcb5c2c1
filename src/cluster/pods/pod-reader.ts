import type { JsonObject } from '../../model/json.js';
import { Semaphore } from '../../time/semaphore.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** A pod as it is now, or why it is unknown, for people. */
export type ReadPod = { readonly pod: JsonObject } | { readonly trouble: string };

/** What is needed to read pods. */
export interface PodReaderOptions {
  readonly client: Pick<ApiClient, 'get'>;
  /** Called for anything but a plain answer of the API server. */
  readonly onFailure: (error: unknown) => void;
}

/** Requests at once. Others wait as long as their reviews do. */
const mostAtOnce = 32;
/** etcd's limit for objects is far lower. */
const longestBytes = 8 * 1024 * 1024;

/**
 * Reads single pods from the API server, never from a cache, because the container's state must be true at the moment that
 * someone opens a session in it. One request for each call.
 */
export class PodReader {
  readonly #options: PodReaderOptions;
  readonly #places = new Semaphore();

  constructor(options: PodReaderOptions) {
    this.#options = options;
  }

  /** Reads a pod. Never rejects: a failure is an answer too. @param signal the review's signal */
  readonly read = async (namespace: string, name: string, signal: AbortSignal): Promise<ReadPod> => {
    try {
      const giveBack = await this.#places.acquire('', mostAtOnce, signal);
      try {
        const path = pathOf(resources.pods, { namespace, name });
        return { pod: await this.#options.client.get(path, { signal, longestBytes }) };
      } finally {
        giveBack();
      }
    } catch (error) {
      return { trouble: this.#troubleOf(error, signal) };
    }
  };

  #troubleOf(error: unknown, signal: AbortSignal): string {
    if (isApiError(error, 'NotFound')) return 'there is no such pod';
    this.#options.onFailure(error);
    if (isApiError(error, 'Forbidden')) return 'Outrider has no right to get pods here';
    if (signal.aborted) return 'the API server did not show it in the time there was';
    return isApiError(error) && error.status > 0
      ? `the API server answers ${error.status} for it`
      : 'the API server did not answer';
  }
}
