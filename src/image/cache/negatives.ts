import { LRUCache } from 'lru-cache';
import type { ReasonCode } from '../../model/reasons.js';
import type { Clock } from '../../time/clock.js';
import { RegistryError } from '../types.js';
import { valueOf, type Timed } from './timed.js';

/** For how long a refusal is remembered, by its cause, in milliseconds. */
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

/**
 * Refusals of registries (E14). A refusal is remembered for the credential that met it, so that a tenant with rights
 * is not turned away for one without. A rate limit is remembered for the whole registry, and for as long as it asks,
 * up to ten minutes.
 */
export class Negatives {
  readonly #clock: Clock;
  readonly #refusals: LRUCache<string, Timed<RegistryError>>;

  /** @param options `entries`: so many are kept at most */
  constructor({ clock, entries }: { readonly clock: Clock; readonly entries: number }) {
    this.#clock = clock;
    this.#refusals = new LRUCache({ max: entries });
  }

  /** The remembered refusal, if its time is not over. */
  find(registry: string, asked: string, fingerprint: string): RegistryError | undefined {
    return this.#fresh(registryKey(registry, fingerprint)) ?? this.#fresh(askedKey(asked, fingerprint));
  }

  /** Remembers a refusal if its cause is one to remember. */
  keep(registry: string, asked: string, fingerprint: string, error: RegistryError): void {
    const usualMs = negativeTtlMs[error.reason];
    if (usualMs === undefined) return;
    const limited = error.reason === 'registry_rate_limited';
    const ttlMs = limited ? Math.min(error.retryAfterMs ?? usualMs, longestRetryAfterMs) : usualMs;
    const key = limited ? registryKey(registry, fingerprint) : askedKey(asked, fingerprint);
    this.#refusals.set(key, { value: withoutCause(error), atMs: this.#clock.monotonicMs(), ttlMs });
  }

  #fresh(key: string): RegistryError | undefined {
    return valueOf(this.#refusals.get(key), this.#clock.monotonicMs(), 'fresh', 0);
  }
}

function askedKey(asked: string, fingerprint: string): string {
  return `asked ${asked} ${fingerprint}`;
}

function registryKey(registry: string, fingerprint: string): string {
  return `registry ${registry} ${fingerprint}`;
}

/** A cause may hold a whole response. */
function withoutCause({ reason, message, status, registryCode }: RegistryError): RegistryError {
  return new RegistryError(reason, message, {
    ...(status === undefined ? {} : { status }),
    ...(registryCode === undefined ? {} : { registryCode }),
  });
}
