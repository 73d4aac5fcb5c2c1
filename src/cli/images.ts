import { createImageMap, type ImageMap } from '../image/image-map.js';
import { parseReference } from '../image/reference.js';
import { RegistryError } from '../image/types.js';
import { OutriderError } from '../model/error.js';
import type { ImageConfig, ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';

/** What look-ups are made with. */
export interface ImageOptions {
  /** What images start, by reference in any way of writing it. */
  readonly map: ReadonlyMap<string, ImageConfig>;
}

/** A resolver that is open. */
export interface OpenImages {
  readonly resolver: ImageResolver;
  /** Gives the signal for the look-ups of one pod; absent where nothing may be looked up. */
  readonly lookUp: (() => AbortSignal) | undefined;
  close(): Promise<void>;
}

/**
 * Opens what knows images for the offline commands: the image maps, and nothing else.
 *
 * @throws OutriderError `image_map_invalid` for a key of the map that is no reference
 */
export function openImages({ map }: ImageOptions): Promise<OpenImages> {
  return Promise.resolve({ resolver: mapResolver(mapOf(map)), lookUp: undefined, close: () => Promise.resolve() });
}

function mapOf(entries: ReadonlyMap<string, ImageConfig>): ImageMap {
  try {
    return createImageMap(entries);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new OutriderError('image_map_invalid', `image map: ${cause.message}; mend the reference.`, { cause });
  }
}

function mapResolver(map: ImageMap): ImageResolver {
  const known = ({ reference }: ImageRequest): ImageOutcome => {
    try {
      const config = map.find(parseReference(reference));
      if (config !== undefined) return { ok: true, config, source: 'map' };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { ok: false, reason: 'image_reference_invalid', detail: error.message };
    }
    return { ok: false, reason: 'image_unresolved', detail: `${reference} is in no image map` };
  };
  return { known, lookUp: (request) => Promise.resolve(known(request)) };
}
