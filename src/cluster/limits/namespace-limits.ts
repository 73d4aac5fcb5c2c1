import type { KnownLimits } from '../../engine/known-limits.js';
import type { Door } from '../../model/decision.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { namespaceLimits, type NamespaceLimits } from '../../model/namespace-limits.js';
import type { Clock } from '../../time/clock.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { isObjectName } from '../../model/object-name.js';
import { pathOf, resources } from '../client/resources.js';
import { OnDemand } from '../on-demand.js';

/** The options for reading limits. */
export interface LimitsOptions {
  readonly client: Pick<ApiClient, 'get'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

interface Learned {
  /** `undefined` if nothing could be read yet. */
  readonly limits: NamespaceLimits | undefined;
  /** Why it could not be read this time. */
  readonly trouble: string | undefined;
}

const freshMs = 60_000;
// Limits are read again before a pod is denied for what it lacks, because another replica may know more.
const freshForDenialMs = 5_000;
const troubleMs = 10_000;
const requestMs = 5_000;
// How long a pod may be delayed.
const waitMs = 500;
const mostNamespaces = 10_000;
const mostObjects = 100;
const longestBytes = 4 * 1024 * 1024;
const mostBytes = 32 * 1024 * 1024;

/**
 * LimitRanges and ResourceQuotas, read by namespace when a pod there has to be fitted, and kept for a minute. They are not
 * watched, because a quota's status changes with each pod that comes or goes. Known limits stay while the API server does
 * not answer.
 */
export class ClusterLimits implements KnownLimits {
  readonly #client: LimitsOptions['client'];
  readonly #known: OnDemand<Learned>;

  constructor({ client, clock }: LimitsOptions) {
    this.#client = client;
    this.#known = new OnDemand<Learned>({
      read: (namespace) => this.#read(namespace),
      freshMs: ({ trouble }) => (trouble === undefined ? freshMs : troubleMs),
      failureMs: troubleMs,
      maxEntries: mostNamespaces,
      size: { of: sizeOf, max: mostBytes },
      clock,
    });
  }

  of(namespace: string): NamespaceLimits | undefined {
    return this.#known.last(namespace)?.limits;
  }

  trouble(namespace: string): string | undefined {
    return this.#known.last(namespace)?.trouble;
  }

  prepare(namespace: string, door: Door, signal: (() => AbortSignal) | undefined): Promise<void> | undefined {
    if (this.#isFresh(namespace, door)) return undefined;
    const limited = AbortSignal.timeout(waitMs);
    return this.learn(namespace, signal === undefined ? limited : AbortSignal.any([signal(), limited]));
  }

  /** Reads a namespace now. Never rejects. @param signal ends the wait */
  learn(namespace: string, signal: AbortSignal): Promise<void> {
    return this.#known.refresh(namespace, signal).then(ignore, ignore);
  }

  #isFresh(namespace: string, door: Door): boolean {
    if (door === 'mutate' || !this.#known.isFresh(namespace)) return this.#known.isFresh(namespace);
    const kept = this.#known.peek(namespace);
    return kept !== undefined && (kept.value.trouble !== undefined || kept.ageMs < freshForDenialMs);
  }

  /** Never rejects. A failure is remembered next to what was known before. */
  async #read(namespace: string): Promise<Learned> {
    if (!isObjectName(namespace)) return { limits: undefined, trouble: 'that is no namespace’s name' };
    try {
      const [ranges, quotas] = await Promise.all([
        this.#list(pathOf(resources.limitRanges, { namespace })),
        this.#list(pathOf(resources.resourceQuotas, { namespace })),
      ]);
      return { limits: namespaceLimits(ranges, quotas), trouble: undefined };
    } catch (error) {
      return { limits: this.of(namespace), trouble: troubleOf(error) };
    }
  }

  /** One page: a namespace has a handful. */
  async #list(path: string): Promise<readonly JsonObject[]> {
    const page = await this.#client.get(path, { query: { limit: mostObjects }, timeoutMs: requestMs, longestBytes });
    const more = stringOf(objectOf(page['metadata'])?.['continue']);
    if (more !== undefined && more !== '') throw new TooMany(`there are more than ${mostObjects} of a kind`);
    return listOf(page['items']).filter(isObject);
  }
}

/** More than one page of them. */
class TooMany extends Error {
  override readonly name = 'TooMany';
}

/** For the person who creates a pod. It must not contain what the API server tells us. */
function troubleOf(error: unknown): string {
  if (error instanceof TooMany) return error.message;
  if (!isApiError(error) || error.status === 0) return 'the API server did not answer';
  return error.status === 403 ? 'Outrider may not list them' : `the API server answered ${error.status}`;
}

/** The approximate size in bytes of the facts about a namespace. Only the values of quotas' scopes have no other limit. */
function sizeOf({ limits, trouble }: Learned): number {
  let size = 1_024 + (trouble?.length ?? 0);
  for (const { scopes } of limits?.quotas ?? []) for (const { values } of scopes) size += 64 + values.join().length;
  return size;
}

const ignore = (): void => undefined;
