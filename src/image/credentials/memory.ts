import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { SharedLru } from '../cache/shared-lru.js';
import { valueOf, type Timed, type Tolerance } from '../cache/timed.js';
import type { ImageQuestion } from '../image-question.js';
import { repositoryKey } from '../reference.js';
import type { Credential, ImageReference } from '../types.js';

/** Times and sizes of the memory. */
export interface MemoryOptions {
  readonly clock: Clock;
  /** How long a pod's credentials are assumed to be the same. */
  readonly ttlMs: number;
  /** How old that may get while the registry cannot be asked. */
  readonly staleMs: number;
  /** Most of each kind. */
  readonly entries: number;
}

/** What is remembered about credentials: only fingerprints, never a secret. */
export class CredentialMemory {
  readonly #options: MemoryOptions;
  readonly #known: SharedLru<Timed<readonly string[]>>;
  readonly #workers: LRUCache<string, string>;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#known = new SharedLru({ entries: options.entries });
    this.#workers = new LRUCache({ max: options.entries });
  }

  /** The fingerprints that a pod's credentials for the image had, when they were last read. */
  fingerprints(question: ImageQuestion, tolerance: Tolerance): readonly string[] {
    const { clock, staleMs } = this.#options;
    const known = this.#known.get(knownKey(question), question.who.namespace);
    return valueOf(known, clock.monotonicMs(), tolerance, staleMs) ?? [];
  }

  remember(question: ImageQuestion, credentials: readonly Credential[]): void {
    const { clock, ttlMs } = this.#options;
    const value = credentials.map(({ fingerprint }) => fingerprint);
    this.#known.set(knownKey(question), { value, atMs: clock.monotonicMs(), ttlMs }, question.who.namespace);
  }

  /** The credentials in the order to try them: the one that worked for the repository before comes first. */
  ordered(reference: ImageReference, credentials: readonly Credential[]): readonly Credential[] {
    const worker = this.#workers.get(workerKey(reference, credentials));
    if (worker === undefined) return credentials;
    const rank = ({ fingerprint }: Credential): number => (fingerprint === worker ? 0 : 1);
    return [...credentials].sort((one, other) => rank(one) - rank(other));
  }

  worked(reference: ImageReference, credentials: readonly Credential[], { fingerprint }: Credential): void {
    this.#workers.set(workerKey(reference, credentials), fingerprint);
  }
}

function knownKey({ reference, whoKey }: ImageQuestion): string {
  return `${repositoryKey(reference)} ${whoKey}`;
}

function workerKey(reference: ImageReference, credentials: readonly Credential[]): string {
  return [repositoryKey(reference), ...credentials.map(({ fingerprint }) => fingerprint).sort()].join(' ');
}
