import type { ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';

/** What is known about images by container name. */
export type KnownImages = ReadonlyMap<string, ImageOutcome>;

/** Images of one pod or task: those that are known, and those that have to be looked up. */
export interface AskedImages {
  readonly known: Map<string, ImageOutcome>;
  readonly unknown: readonly { readonly container: string; readonly request: ImageRequest }[];
}

/** Looks up the images that are not known. Each promise resolves when its outcome has joined the known ones. */
export function lookUpAll(
  { known, unknown }: AskedImages,
  resolver: ImageResolver,
  signal: AbortSignal,
): readonly Promise<void>[] {
  return unknown.map(async ({ container, request }) => {
    known.set(container, await resolver.lookUp(request, signal));
  });
}
