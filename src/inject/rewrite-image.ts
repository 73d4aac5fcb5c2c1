import type { ClusterFacts } from '../model/recipe.js';

/** Applies the operator's image rewrites: the first prefix that fits. */
export function rewriteImage(image: string, rewrites: ClusterFacts['imageRewrites']): string {
  const rewrite = rewrites.find(({ from }) => image.startsWith(from));
  return rewrite === undefined ? image : rewrite.to + image.slice(rewrite.from.length);
}
