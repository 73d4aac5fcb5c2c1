import { LRUCache } from 'lru-cache';
import type { ReasonCode } from '../../model/reasons.js';
import type { Clock } from '../../time/clock.js';
import { RegistryError } from '../types.js';
import { valueOf, type Timed } from './timed.js';

/** For how long a refusal is remembered, by its cause, in milliseconds. */
export const negativeTtlMs: Readonly<Partial<Record<ReasonCode, number>>> = {
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
export interface Negatives {
  /** The remembered refusal, if its time is not over. */
  find(registry: string, subject: string, fingerprint: string): RegistryError | undefined;
  /** Remembers a refusal if its cause is one to remember. */
  keep(registry: string, subject: string, fingerprint: string, error: RegistryError): void;
}

/** No refusals yet; at most so many are kept. */
export function createNegatives(options: { readonly clock: Clock; readonly entries: number }): Negatives {
  const { clock, entries } = options;
  const cache = new LRUCache<string, Timed<RegistryError>>({ max: entries });
  const subjectKey = (subject: string, fingerprint: string): string => `subject ${subject} ${fingerprint}`;
  const registryKey = (registry: string, fingerprint: string): string => `registry ${registry} ${fingerprint}`;

  function fresh(key: string): RegistryError | undefined {
    return valueOf(cache.get(key), clock.monotonicMs(), 'fresh', 0);
  }

  return {
    find: (registry, subject, fingerprint) =>
      fresh(registryKey(registry, fingerprint)) ?? fresh(subjectKey(subject, fingerprint)),
    keep(registry, subject, fingerprint, error) {
      const usualMs = negativeTtlMs[error.reason];
      if (usualMs === undefined) return;
      const limited = error.reason === 'registry_rate_limited';
      const ttlMs = limited ? Math.min(error.retryAfterMs ?? usualMs, longestRetryAfterMs) : usualMs;
      const key = limited ? registryKey(registry, fingerprint) : subjectKey(subject, fingerprint);
      // Without its cause: that may hold a whole response.
      const { reason, message, status, registryCode } = error;
      const value = new RegistryError(reason, message, {
        ...(status === undefined ? {} : { status }),
        ...(registryCode === undefined ? {} : { registryCode }),
      });
      cache.set(key, { value, atMs: clock.monotonicMs(), ttlMs });
    },
  };
}
