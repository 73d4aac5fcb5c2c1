import { LRUCache } from 'lru-cache';
import type { ImageConfig } from '../../model/image.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { IndexEntry } from '../manifest.js';
import type { Platform } from '../types.js';

/** What a digest names. It can never change, so it is kept for as long as there is room. */
export type Content =
  | { readonly kind: 'index'; readonly entries: readonly IndexEntry[] }
  | { readonly kind: 'image'; readonly config: ImageConfig; readonly platform: Platform }
  /** The bytes are what the digest says, and no image we can read. */
  | { readonly kind: 'unusable'; readonly reason: ReasonCode; readonly message: string };

/** One entry, as it is written to a file. */
export interface ContentEntry {
  readonly repository: string;
  readonly digest: string;
  readonly content: Content;
}

/**
 * Content by repository and digest. The repository belongs to the key: otherwise a registry of a tenant's own could
 * claim to hold a digest, and have another tenant's private image read out of this cache.
 */
export interface ContentCache {
  get(repository: string, digest: string): Content | undefined;
  set(repository: string, digest: string, content: Content): void;
  /** Everything, the most recently used first. */
  all(): Iterable<ContentEntry>;
  readonly entries: number;
  readonly bytes: number;
}

/** An empty cache of at most so many entries and, about, bytes. */
export function createContentCache(limits: {
  readonly entries: number;
  readonly bytes: number;
  readonly onEvict: () => void;
}): ContentCache {
  const cache = new LRUCache<string, ContentEntry>({
    max: limits.entries,
    maxSize: limits.bytes,
    // Strings take up to two bytes a character, and an entry its own objects.
    sizeCalculation: (entry, key) => 2 * (JSON.stringify(entry).length + key.length) + 200,
    dispose: (_value, _key, reason) => {
      if (reason === 'evict') limits.onEvict();
    },
  });
  const keyOf = (repository: string, digest: string): string => `${repository}@${digest}`;
  return {
    get: (repository, digest) => cache.get(keyOf(repository, digest))?.content,
    set: (repository, digest, content) => void cache.set(keyOf(repository, digest), { repository, digest, content }),
    all: () => cache.values(),
    get entries() {
      return cache.size;
    },
    get bytes() {
      return cache.calculatedSize;
    },
  };
}
