import type { Clock } from '../../time/clock.js';
import { referenceKey, repositoryKey } from '../reference.js';
import type { ImageReference } from '../types.js';
import { ContentCache } from './content.js';
import { Negatives } from './negatives.js';
import type { CacheCounter } from './counter.js';
import { SharedLru } from './shared-lru.js';
import { valueOf, type Timed, type Tolerance } from './timed.js';

/** Times and sizes of the cache. */
export interface CacheLimits {
  /** How long a tag is assumed to name the same digest, in milliseconds. */
  readonly tagTtlMs: number;
  /** How long a registry's permission for a credential to read a repository counts, in milliseconds. */
  readonly rightTtlMs: number;
  /** How old either may get while the registry cannot be asked, in milliseconds; 0 for not at all. */
  readonly staleMs: number;
  /** How much times are shortened at random, from 0 to 1, so that not everything ends at once. */
  readonly jitter: number;
  /** Most entries, of each kind. */
  readonly entries: number;
  /** Most bytes of image configs and indexes, about. */
  readonly bytes: number;
}

/** The defaults. */
export const defaultCacheLimits: CacheLimits = {
  tagTtlMs: 60_000,
  rightTtlMs: 300_000,
  staleMs: 6 * 3_600_000,
  jitter: 0.2,
  entries: 20_000,
  bytes: 64 * 1_048_576,
};

/** What a cache needs. */
export interface CacheOptions {
  readonly clock: Clock;
  readonly limits: CacheLimits;
  readonly counter: CacheCounter;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * What registries have answered (E14). An image's content is only shared by those who may read its repository. `digestFor`
 * is the only way to it, and answers only for a credential that the registry itself has accepted. The namespace decides
 * whose share of the space is used, never the answer.
 */
export class ImageCache {
  readonly content: ContentCache;
  readonly negatives: Negatives;
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  readonly #random: () => number;
  readonly #tags: SharedLru<Timed<string>>;
  readonly #rights: SharedLru<Timed<true>>;
  readonly #hints: SharedLru<string>;

  constructor({ clock, limits, counter, random }: CacheOptions) {
    const { entries, bytes } = limits;
    const onEvict = (): void => counter.count('eviction');
    this.content = new ContentCache({ entries, bytes, onEvict });
    this.negatives = new Negatives({ clock, entries });
    this.#clock = clock;
    this.#limits = limits;
    this.#random = random;
    this.#tags = new SharedLru({ entries, onEvict });
    this.#rights = new SharedLru({ entries, onEvict });
    this.#hints = new SharedLru({ entries });
  }

  /**
   * The digest that a reference names for the holder of a credential; `undefined` unless that holder's right to read the
   * repository is recent enough and, for a tag, so is the registry's answer to that holder about the tag.
   */
  digestFor(reference: ImageReference, fingerprint: string, tolerance: Tolerance, namespace = ''): string | undefined {
    const nowMs = this.#clock.monotonicMs();
    const { staleMs } = this.#limits;
    const right = this.#rights.get(rightKey(reference, fingerprint), namespace);
    if (valueOf(right, nowMs, tolerance, staleMs) === undefined) return undefined;
    if (reference.digest !== undefined) return reference.digest;
    return valueOf(this.#tags.get(tagKey(reference, fingerprint), namespace), nowMs, tolerance, staleMs);
  }

  /** Records that the registry has shown the reference to the holder, with this digest. */
  grant(reference: ImageReference, fingerprint: string, digest: string, namespace = ''): void {
    const { rightTtlMs, tagTtlMs } = this.#limits;
    const atMs = this.#clock.monotonicMs();
    const right = { value: true, atMs, ttlMs: this.#jittered(rightTtlMs) } as const;
    this.#rights.set(rightKey(reference, fingerprint), right, namespace);
    if (reference.digest !== undefined) return;
    const tag = { value: digest, atMs, ttlMs: this.#jittered(tagTtlMs) };
    this.#tags.set(tagKey(reference, fingerprint), tag, namespace);
    this.#hints.set(referenceKey(reference), digest, namespace);
  }

  /** Records that the registry refuses the repository to the holder. */
  revoke(reference: ImageReference, fingerprint: string): void {
    this.#rights.delete(rightKey(reference, fingerprint));
    this.#tags.delete(tagKey(reference, fingerprint));
  }

  /** Records that the tag is gone for the holder. The right to the rest of the repository stays. */
  forgetName(reference: ImageReference, fingerprint: string): void {
    this.#tags.delete(tagKey(reference, fingerprint));
  }

  /**
   * The digest that a reference last named for anybody. It only serves to choose the cheaper request, never as an answer.
   */
  hint(reference: ImageReference, namespace = ''): string | undefined {
    return reference.digest ?? this.#hints.get(referenceKey(reference), namespace);
  }

  /** Hints, the most recently used first, for a file. */
  hints(): Iterable<readonly [string, string]> {
    return this.#hints.newestFirst();
  }

  /** Takes over a hint from a file. */
  keepHint(key: string, digest: string): void {
    this.#hints.set(key, digest, '');
  }

  #jittered(ttlMs: number): number {
    return ttlMs * (1 - this.#limits.jitter * this.#random());
  }
}

function tagKey(reference: ImageReference, fingerprint: string): string {
  return `${referenceKey(reference)} ${fingerprint}`;
}

function rightKey(reference: ImageReference, fingerprint: string): string {
  return `${repositoryKey(reference)} ${fingerprint}`;
}
