import type { ImageConfig, ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import { keepReferences, parseReference, referenceKey } from './reference.js';
import { RegistryError, type ImageReference } from './types.js';

/** What images start, according to the operator. */
export interface ImageMap {
  find(reference: ImageReference): ImageConfig | undefined;
}

/**
 * Makes a map of references in any spelling: `nginx` is `docker.io/library/nginx:latest`. A digest wins over a tag on both
 * sides (E10), so an entry for a tag is not for a digest that is next to that tag.
 *
 * @throws RegistryError `image_reference_invalid` for a key that is not a reference.
 */
export function createImageMap(entries: ReadonlyMap<string, ImageConfig>): ImageMap {
  const byKey = new Map([...entries].map(([text, config]) => [referenceKey(parseReference(text)), config]));
  return { find: (reference) => byKey.get(referenceKey(reference)) };
}

/**
 * Puts an operator's image map before a resolver. The map belongs to a configuration and changes with it. The resolver, with
 * its cache, stays.
 *
 * @param next what is asked for images that the map does not have; absent: nothing is looked up, and they are unresolved
 * @throws RegistryError `image_reference_invalid` for a key of the map that is not a reference
 */
export function createMapResolver(map: ReadonlyMap<string, ImageConfig>, next?: ImageResolver): ImageResolver {
  const images = createImageMap(map);
  const parse = keepReferences();
  const inMap = ({ reference }: ImageRequest): ImageOutcome | undefined => {
    // The resolver behind an empty map says what is wrong with a reference.
    if (map.size === 0 && next !== undefined) return undefined;
    try {
      const config = images.find(parse(reference));
      return config === undefined ? undefined : { ok: true, config, source: 'map' };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { ok: false, reason: error.reason, detail: error.message };
    }
  };
  const unresolved = ({ reference }: ImageRequest): ImageOutcome => ({
    ok: false,
    reason: 'image_unresolved',
    detail: `${reference} is in no image map`,
  });
  return {
    known: (request) => inMap(request) ?? (next === undefined ? unresolved(request) : next.known(request)),
    lookUp: (request, signal) => {
      const outcome = inMap(request);
      if (outcome !== undefined) return Promise.resolve(outcome);
      return next === undefined ? Promise.resolve(unresolved(request)) : next.lookUp(request, signal);
    },
  };
}
