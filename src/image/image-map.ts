import type { ImageConfig } from '../model/image.js';
import { referenceKey } from './keys.js';
import { parseReference } from './reference.js';
import type { ImageReference } from './types.js';

/** The operator's own word on what images start. */
export interface ImageMap {
  find(reference: ImageReference): ImageConfig | undefined;
}

/**
 * Makes a map of references in any way of writing them: `nginx` is `docker.io/library/nginx:latest`. A digest wins over
 * a tag on both sides (E10), so an entry for a tag is not for a digest that stands beside that tag.
 *
 * @throws RegistryError `image_reference_invalid` for a key that is no reference.
 */
export function createImageMap(entries: ReadonlyMap<string, ImageConfig>): ImageMap {
  const byKey = new Map([...entries].map(([text, config]) => [referenceKey(parseReference(text)), config]));
  return { find: (reference) => byKey.get(referenceKey(reference)) };
}
