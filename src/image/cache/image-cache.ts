import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { referenceKey, repositoryKey } from '../keys.js';
import type { ImageReference } from '../types.js';
import { createContentCache, type ContentCache } from './content.js';
import { createNegatives, type Negatives } from './negatives.js';
import type { CacheCounter } from './stats.js';
import { valueOf, type Timed, type Tolerance } from './timed.js';

/** Times and sizes of the cache. */
export interface CacheLimits {
  /** For how long a tag is believed to name the same digest, in milliseconds. */
  readonly tagTtlMs: number;
  /** For how long a registry's consent to show a repository to a credential counts, in milliseconds. */
  readonly rightTtlMs: number;
  /** How old either may get while the registry cannot be asked, in milliseconds; 0 for not at all. */
  readonly staleMs: number;
  /** How much of a time is taken off at random, from 0 to 1, so that not everything ends at once. */
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

/**
 * What registries have said (E14). An image's content is shared by everyone who may read its repository, and by nobody
 * else: `digestFor` is the one way to it, and answers only for a credential that the registry itself has let in.
 */
export interface ImageCache {
  /**
   * The digest a reference names for the holder of a credential; `undefined` unless that holder's right to read the
   * repository is young enough, and, for a tag, so is what the registry told that holder of the tag.
   */
  digestFor(reference: ImageReference, fingerprint: string, tolerance: Tolerance): string | undefined;
  /** The registry has shown the reference to the holder, with this digest. */
  grant(reference: ImageReference, fingerprint: string, digest: string): void;
  /** The registry refuses the repository to the holder. */
  revoke(reference: ImageReference, fingerprint: string): void;
  /** The tag is gone for the holder; the right to the rest of the repository stays. */
  forgetName(reference: ImageReference, fingerprint: string): void;
  /** What a reference last named for anybody: good for choosing the cheaper question, never for an answer. */
  hint(reference: ImageReference): string | undefined;
  readonly content: ContentCache;
  readonly negatives: Negatives;
  /** Hints, the most recently used first, for a file. */
  hints(): Iterable<readonly [string, string]>;
  /** Takes a hint out of a file. */
  keepHint(key: string, digest: string): void;
}

/**
 * An empty cache.
 *
 * @param random from 0 to below 1.
 */
export function createImageCache(options: {
  readonly clock: Clock;
  readonly limits: CacheLimits;
  readonly counter: CacheCounter;
  readonly random: () => number;
}): ImageCache {
  const { clock, limits, counter, random } = options;
  const onEvict = (): void => counter.count('eviction');
  const bounded = {
    max: limits.entries,
    dispose: (_value: unknown, _key: string, reason: string) => {
      if (reason === 'evict') onEvict();
    },
  };
  const tags = new LRUCache<string, Timed<string>>(bounded);
  const rights = new LRUCache<string, Timed<true>>(bounded);
  const hints = new LRUCache<string, string>({ max: limits.entries });

  const tagKey = (reference: ImageReference, fingerprint: string): string =>
    `${referenceKey(reference)} ${fingerprint}`;
  const rightKey = (reference: ImageReference, fingerprint: string): string =>
    `${repositoryKey(reference)} ${fingerprint}`;
  const jittered = (ttlMs: number): number => ttlMs * (1 - limits.jitter * random());

  return {
    digestFor(reference, fingerprint, tolerance) {
      const nowMs = clock.monotonicMs();
      const right = rights.get(rightKey(reference, fingerprint));
      if (valueOf(right, nowMs, tolerance, limits.staleMs) === undefined) return undefined;
      if (reference.digest !== undefined) return reference.digest;
      return valueOf(tags.get(tagKey(reference, fingerprint)), nowMs, tolerance, limits.staleMs);
    },
    grant(reference, fingerprint, digest) {
      const atMs = clock.monotonicMs();
      rights.set(rightKey(reference, fingerprint), { value: true, atMs, ttlMs: jittered(limits.rightTtlMs) });
      if (reference.digest !== undefined) return;
      tags.set(tagKey(reference, fingerprint), { value: digest, atMs, ttlMs: jittered(limits.tagTtlMs) });
      hints.set(referenceKey(reference), digest);
    },
    revoke(reference, fingerprint) {
      rights.delete(rightKey(reference, fingerprint));
      tags.delete(tagKey(reference, fingerprint));
    },
    forgetName: (reference, fingerprint) => void tags.delete(tagKey(reference, fingerprint)),
    hint: (reference) => reference.digest ?? hints.get(referenceKey(reference)),
    content: createContentCache({ entries: limits.entries, bytes: limits.bytes, onEvict }),
    negatives: createNegatives({ clock, entries: limits.entries }),
    hints: () => hints.entries(),
    keepHint: (key, digest) => void hints.set(key, digest),
  };
}
