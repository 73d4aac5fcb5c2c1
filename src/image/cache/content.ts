import type { ImageConfig } from '../../model/image.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { IndexEntry } from '../manifest.js';
import type { Platform } from '../types.js';
import { SharedLru } from './shared-lru.js';

/** The content of a digest. It can never change, so it is kept as long as there is room. */
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
 * Content by repository and digest. The repository is part of the key. Otherwise a tenant's own registry could claim to hold
 * a digest, and so read another tenant's private image from this cache.
 */
export class ContentCache {
  readonly #entries: SharedLru<ContentEntry>;

  constructor({ entries, bytes, onEvict }: ContentLimits) {
    this.#entries = new SharedLru({
      entries,
      bytes,
      // Strings take up to two bytes a character, and an entry its own objects.
      sizeOf: (entry, key) => 2 * (JSON.stringify(entry).length + key.length) + 200,
      onEvict,
    });
  }

  /** @param namespace the one that uses it */
  get(repository: string, digest: string, namespace = ''): Content | undefined {
    return this.#entries.get(keyOf(repository, digest), namespace)?.content;
  }

  /** @param namespace the one that asked for it; none for an entry from a file */
  set(repository: string, digest: string, content: Content, namespace = ''): void {
    this.#entries.set(keyOf(repository, digest), { repository, digest, content }, namespace);
  }

  /** Everything, the most recently used first. */
  all(): Iterable<ContentEntry> {
    return this.#entries.newestFirst().map(([, entry]) => entry);
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.bytes;
  }
}

function keyOf(repository: string, digest: string): string {
  return `${repository}@${digest}`;
}
