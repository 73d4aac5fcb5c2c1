import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';

/** A reader of pods. */
export type PodClient = Pick<ApiClient, 'page'>;

/** The options of the pace. */
export interface PaceOptions {
  readonly client: PodClient;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  /** Milliseconds from the start of one request to the start of the next. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Sends requests at a limited rate, one at a time, and counts them. */
export class PacedClient {
  readonly #options: PaceOptions;
  #requests = 0;
  #nextMs = -Infinity;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  get requests(): number {
    return this.#requests;
  }

  /** One page of a list. @throws ApiError */
  async page(...[path, options]: Parameters<PodClient['page']>): ReturnType<PodClient['page']> {
    await this.#turn();
    return this.#options.client.page(path, { ...options, signal: this.#options.signal });
  }

  async #turn(): Promise<void> {
    const { clock, sleep, everyMs, signal } = this.#options;
    const waitMs = this.#nextMs - clock.monotonicMs();
    if (waitMs > 0) await sleep(waitMs, signal);
    this.#nextMs = clock.monotonicMs() + everyMs;
    this.#requests += 1;
  }
}
