import type { JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import { TokenBucket } from '../../time/token-bucket.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { meaningOf, type Meaning } from './refusal.js';

/** The API server's answer to a pod that it is asked to create as a dry run. */
export type DryRunAnswer =
  /** It would be created, as this object. */
  { readonly kind: 'admitted'; readonly pod: JsonObject } | Meaning;

/** What {@link DryRunPods} works with. */
export interface DryRunOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  readonly signal: AbortSignal;
  /** Requests per second. */
  readonly perSecond: number;
}

/** Webhooks may take as long as they are allowed to, one after the other. */
const timeoutMs = 60_000;
/** How often a pod is sent before its answer counts as unknown. */
const mostAttempts = 8;
const pauseMs = 1_000;
/** A pause that the API server asks for is not longer than this. */
const longestPauseMs = 60_000;

/**
 * Asks the API server whether it would create pods. Nothing is stored: every request is a dry run, with the rights of the
 * kubeconfig's user. Requests have a limited rate. Where the API server asks us to wait, all of them wait.
 */
export class DryRunPods {
  readonly #options: DryRunOptions;
  readonly #bucket: TokenBucket;
  #notBeforeMs = -Infinity;
  #requests = 0;

  constructor(options: DryRunOptions) {
    const { clock, perSecond } = options;
    this.#options = options;
    this.#bucket = new TokenBucket(clock, { burst: Math.max(1, perSecond), everyMs: 1_000 / perSecond });
  }

  /** How many requests were sent, repeated ones included. */
  get requests(): number {
    return this.#requests;
  }

  /** Asks about one pod. Rejects only when the signal aborts. */
  async create(namespace: string, pod: JsonObject): Promise<DryRunAnswer> {
    const { client, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await this.#turn();
      try {
        const query = { dryRun: 'All', fieldManager: 'outrider-preflight' };
        const created = await client.create(pathOf(resources.pods, { namespace }), pod, { query, signal, timeoutMs });
        return { kind: 'admitted', pod: created };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiError)) throw error;
        const meaning = meaningOf(error);
        if (attempt === mostAttempts || meaning.kind !== 'unknown' || !isWorthAnother(error)) return meaning;
        this.#pause(error.retryAfterSeconds === undefined ? pauseMs : error.retryAfterSeconds * 1_000);
      }
    }
  }

  async #turn(): Promise<void> {
    const { clock, sleep, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const pausedMs = this.#notBeforeMs - clock.monotonicMs();
      const waitMs = pausedMs > 0 ? pausedMs : this.#bucket.take();
      if (waitMs <= 0) break;
      await sleep(waitMs, signal);
    }
    this.#requests += 1;
  }

  #pause(ms: number): void {
    const untilMs = this.#options.clock.monotonicMs() + Math.min(ms, longestPauseMs);
    this.#notBeforeMs = Math.max(this.#notBeforeMs, untilMs);
  }
}

/** An API server that is busy or starting, a lost connection, or a name that was taken by chance. */
function isWorthAnother({ status, said }: ApiError): boolean {
  if (/^admission webhook "[^"]*" does not support dry run/.test(said)) return false;
  return status === 0 || status === 409 || status === 429 || status >= 500;
}
