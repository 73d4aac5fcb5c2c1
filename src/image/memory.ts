import { LRUCache } from 'lru-cache';
import { valueOf, type Timed, type Tolerance } from './cache/timed.js';
import type { Clock } from '../time/clock.js';
import { repositoryKey } from './keys.js';
import type { Credential, CredentialRequest, ImageReference } from './types.js';

/** What is remembered of credentials: fingerprints only, never a secret. `who` is a `whoKey`. */
export interface CredentialMemory {
  /** The fingerprints that a pod's credentials for the image had, when they were last read. */
  fingerprints(reference: ImageReference, who: string, tolerance: Tolerance): readonly string[];
  remember(reference: ImageReference, who: string, credentials: readonly Credential[]): void;
  /** The credentials in the order to try them: the one that worked for the repository before comes first. */
  ordered(reference: ImageReference, credentials: readonly Credential[]): readonly Credential[];
  worked(reference: ImageReference, credentials: readonly Credential[], credential: Credential): void;
}

/** Whose credentials: equal for pods that have equal ones. */
export function whoKey({ namespace, serviceAccount, imagePullSecrets }: CredentialRequest): string {
  return JSON.stringify([namespace, serviceAccount, imagePullSecrets]);
}

/** @param options `ttlMs`: for how long a pod's credentials are believed to be the same; `entries`: most of each kind. */
export function createCredentialMemory(options: {
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly entries: number;
}): CredentialMemory {
  const { clock, ttlMs, staleMs, entries } = options;
  const known = new LRUCache<string, Timed<readonly string[]>>({ max: entries });
  const workers = new LRUCache<string, string>({ max: entries });

  const knownKey = (reference: ImageReference, who: string): string => `${repositoryKey(reference)} ${who}`;
  const workerKey = (reference: ImageReference, credentials: readonly Credential[]): string =>
    [repositoryKey(reference), ...credentials.map(({ fingerprint }) => fingerprint).sort()].join(' ');

  return {
    fingerprints: (reference, who, tolerance) =>
      valueOf(known.get(knownKey(reference, who)), clock.monotonicMs(), tolerance, staleMs) ?? [],
    remember(reference, who, credentials) {
      const value = credentials.map(({ fingerprint }) => fingerprint);
      known.set(knownKey(reference, who), { value, atMs: clock.monotonicMs(), ttlMs });
    },
    ordered(reference, credentials) {
      const worker = workers.get(workerKey(reference, credentials));
      if (worker === undefined) return credentials;
      const rank = ({ fingerprint }: Credential): number => (fingerprint === worker ? 0 : 1);
      return [...credentials].sort((one, other) => rank(one) - rank(other));
    },
    worked: (reference, credentials, { fingerprint }) =>
      void workers.set(workerKey(reference, credentials), fingerprint),
  };
}
