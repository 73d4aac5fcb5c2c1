import type { ImageReference } from './types.js';

/** Registry and repository, as in `docker.io/library/nginx`. */
export function repositoryKey({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

/** A reference in one form for all ways of writing it; a digest wins over a tag (E10). */
export function referenceKey(reference: ImageReference): string {
  const { tag, digest } = reference;
  return digest === undefined
    ? `${repositoryKey(reference)}:${tag ?? 'latest'}`
    : `${repositoryKey(reference)}@${digest}`;
}
