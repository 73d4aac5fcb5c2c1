import type { ReasonCode } from '../../model/reasons.js';
import type { Clock } from '../../time/clock.js';
import { RegistryError } from '../types.js';
import { SharedLru } from './shared-lru.js';
import { valueOf, type Timed } from './timed.js';

/** How long a refusal is remembered, by its cause, in milliseconds. */
const negativeTtlMs: Readonly<Partial<Record<ReasonCode, number>>> = {
  image_not_found: 30_000,
  image_unauthorized: 30_000,
  image_not_runnable: 60_000,
  image_config_invalid: 30_000,
  registry_rate_limited: 30_000,
  registry_error: 5_000,
  registry_denied: 30_000,
};

const longestRetryAfterMs = 600_000;
/** The longest time that a rate limit stops callers that have not met it themselves. */
const longestForOthersMs = 60_000;

/** A request that can be refused, and the caller. */
export interface Refusable {
  readonly registry: string;
  /** The reference in a canonical form. */
  readonly asked: string;
  readonly fingerprint: string;
  readonly namespace: string;
}

/**
 * Refusals of registries (E14). A refusal is remembered for the credential that got it, so that a tenant with rights is not
 * refused because of one without. A rate limit is remembered for the whole registry, first for the namespace that got it,
 * for as long as the registry asks, up to ten minutes. If a second namespace gets one meanwhile, it counts for everybody
 * with that credential, for a minute at most. After that, another caller may find that the limit is over.
 */
export class Negatives {
  readonly #clock: Clock;
  readonly #refusals: SharedLru<Timed<RegistryError>>;
  /** The namespace that got a rate limit last. */
  readonly #drawnBy: SharedLru<Timed<string>>;

  /** @param options `entries`: so many are kept at most */
  constructor({ clock, entries }: { readonly clock: Clock; readonly entries: number }) {
    this.#clock = clock;
    this.#refusals = new SharedLru({ entries });
    this.#drawnBy = new SharedLru({ entries });
  }

  /** The remembered refusal, if its time is not over. */
  find(one: Refusable): RegistryError | undefined {
    const { namespace } = one;
    return (
      this.#fresh(this.#refusals.get(ownLimitKey(one), namespace)) ??
      this.#fresh(this.#refusals.get(limitKey(one), namespace)) ??
      this.#fresh(this.#refusals.get(askedKey(one), namespace))
    );
  }

  /** Remembers a refusal if its cause is one to remember. */
  keep(one: Refusable, error: RegistryError): void {
    const usualMs = negativeTtlMs[error.reason];
    if (usualMs === undefined) return;
    if (error.reason === 'registry_rate_limited') {
      this.#limited(one, error, Math.min(error.retryAfterMs ?? usualMs, longestRetryAfterMs));
    } else {
      this.#set(askedKey(one), one, error, usualMs);
    }
  }

  #limited(one: Refusable, error: RegistryError, ttlMs: number): void {
    const { namespace } = one;
    const before = this.#fresh(this.#drawnBy.get(limitKey(one), namespace));
    this.#drawnBy.set(limitKey(one), { value: namespace, atMs: this.#clock.monotonicMs(), ttlMs }, namespace);
    this.#set(ownLimitKey(one), one, error, ttlMs);
    if (before === undefined || before === namespace) return;
    this.#set(limitKey(one), one, error, Math.min(ttlMs, longestForOthersMs));
  }

  #set(key: string, { namespace }: Refusable, error: RegistryError, ttlMs: number): void {
    this.#refusals.set(key, { value: withoutCause(error), atMs: this.#clock.monotonicMs(), ttlMs }, namespace);
  }

  #fresh<V>(timed: Timed<V> | undefined): V | undefined {
    return valueOf(timed, this.#clock.monotonicMs(), 'fresh', 0);
  }
}

function askedKey({ asked, fingerprint }: Refusable): string {
  return `asked ${asked} ${fingerprint}`;
}

function limitKey({ registry, fingerprint }: Refusable): string {
  return `registry ${registry} ${fingerprint}`;
}

/** A namespace has no space in it, nor has a fingerprint. */
function ownLimitKey(one: Refusable): string {
  return `${limitKey(one)} ${one.namespace}`;
}

/** A cause may hold a whole response. */
function withoutCause({ reason, message, status, registryCode }: RegistryError): RegistryError {
  return new RegistryError(reason, message, {
    ...(status === undefined ? {} : { status }),
    ...(registryCode === undefined ? {} : { registryCode }),
  });
}
