/** Indexes: the same image for several platforms. */
const indexTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

/** Manifests of one image. */
const imageTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);

const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/** What a manifest's media type says it is. `schema1` is Docker's first format, which no runtime of today pulls. */
export type ManifestKind = 'index' | 'image' | 'schema1' | 'other';

/** The kind of a manifest by its media type. */
export function manifestKind(mediaType: string): ManifestKind {
  if (indexTypes.has(mediaType)) return 'index';
  if (imageTypes.has(mediaType)) return 'image';
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+') ? 'schema1' : 'other';
}

/** True for the config of a container image; false for that of an artifact: a chart, a signature, a plugin. */
export function isImageConfigType(mediaType: string): boolean {
  return configTypes.has(mediaType);
}

/** True for a layer that is part of a file system, in whatever packing. */
export function isLayerType(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.')
  );
}

/** The Accept header for manifests. A registry answers 404 for an index whose type is not in it. */
export const manifestAccept = [...indexTypes, ...imageTypes].join(', ');

/** A Content-Type without its parameters, in lower case; `''` when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1).join('').trim().toLowerCase();
}
