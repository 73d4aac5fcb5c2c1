import { LRUCache } from 'lru-cache';
import { parseReference } from './reference.js';
import type { ImageReference } from './types.js';

/** Parses references as {@link parseReference} does, and throws as it does. */
export type ParseReference = (text: string) => ImageReference;

// A cluster runs far fewer images than this; the text of one is at most 1,000 characters.
const mostKept = 2_000;

/** Keeps what was parsed lately: the agent's image, for one, is asked for with every pod. */
export function keepReferences(): ParseReference {
  const kept = new LRUCache<string, ImageReference>({ max: mostKept });
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const parsed = parseReference(text);
    kept.set(text, parsed);
    return parsed;
  };
}
