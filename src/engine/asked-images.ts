import type { ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';

/** What is known of images by container name. */
export type KnownImages = ReadonlyMap<string, ImageOutcome>;

/** Images of one pod or task: those known at once, and those that a registry has to be asked for. */
export interface AskedImages {
  readonly known: Map<string, ImageOutcome>;
  readonly unknown: readonly { readonly container: string; readonly request: ImageRequest }[];
}

/** Asks for the images that are not known, each look-up as a promise that ends when its outcome is among the known. */
export function lookUpAll(
  { known, unknown }: AskedImages,
  resolver: ImageResolver,
  signal: AbortSignal,
): readonly Promise<void>[] {
  return unknown.map(async ({ container, request }) => {
    known.set(container, await resolver.lookUp(request, signal));
  });
}
