import { LRUCache } from 'lru-cache';
import type { ImageConfig } from '../../model/image.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { IndexEntry } from '../manifest.js';
import type { Platform } from '../types.js';

/** What a digest names. It can never change, so it is kept for as long as there is room. */
export type Content =
  | { readonly kind: 'index'; readonly entries: readonly IndexEntry[] }
  | { readonly kind: 'image'; readonly config: ImageConfig; readonly platform: Platform }
  /** The bytes match the digest, but are not an image we can read. */
  | { readonly kind: 'unusable'; readonly reason: ReasonCode; readonly message: string };

/** One entry, as it is written to a file. */
export interface ContentEntry {
  readonly repository: string;
  readonly digest: string;
  readonly content: Content;
}

/** Sizes of a content cache. */
export interface ContentLimits {
  readonly entries: number;
  /** Most bytes, about. */
  readonly bytes: number;
  readonly onEvict: () => void;
}

/**
 * Content by repository and digest. The repository belongs to the key: otherwise a registry of a tenant's own could
 * claim to hold a digest, and have another tenant's private image read out of this cache.
 */
export class ContentCache {
  readonly #entries: LRUCache<string, ContentEntry>;

  constructor({ entries, bytes, onEvict }: ContentLimits) {
    this.#entries = new LRUCache({
      max: entries,
      maxSize: bytes,
      // Strings take up to two bytes a character, and an entry its own objects.
      sizeCalculation: (entry, key) => 2 * (JSON.stringify(entry).length + key.length) + 200,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') onEvict();
      },
    });
  }

  get(repository: string, digest: string): Content | undefined {
    return this.#entries.get(keyOf(repository, digest))?.content;
  }

  set(repository: string, digest: string, content: Content): void {
    this.#entries.set(keyOf(repository, digest), { repository, digest, content });
  }

  /** Everything, the most recently used first. */
  all(): Iterable<ContentEntry> {
    return this.#entries.values();
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }
}

function keyOf(repository: string, digest: string): string {
  return `${repository}@${digest}`;
}
