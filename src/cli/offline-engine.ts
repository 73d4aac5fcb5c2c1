import type { ManifestDocument } from '../documents/manifest.js';
import type { Engine } from '../engine/engine.js';
import type { Invocation } from './command.js';
import { openImages, type OpenImages } from './images.js';
import { namespacesOf, type Namespaces } from './namespaces.js';
import type { LoadedPolicies } from './policy-options.js';
import { clusterFacts, clusterSettings, settingsOf } from './setting-options.js';

/** What the offline commands decide with. */
export interface OfflineEngine {
  readonly engine: Engine;
  readonly namespaces: Namespaces;
  readonly images: OpenImages;
}

/**
 * Puts an engine together out of a command line. Whoever opens it closes `images`.
 *
 * @param documents the input
 * @throws OutriderError `usage`, `image_map_invalid`
 */
export async function openEngine(
  invocation: Invocation,
  policies: LoadedPolicies,
  documents: Iterable<ManifestDocument>,
): Promise<OfflineEngine> {
  const settings = settingsOf(invocation, clusterSettings);
  const namespaces = namespacesOf(invocation, policies.namespaces, documents);
  const images = await openImages({ map: policies.images });
  const engine: Engine = {
    rules: policies.rules,
    facts: clusterFacts(settings),
    images: images.resolver,
    excludedNamespaces: new Set(settings.excludedNamespaces),
    secretState: () => 'unknown',
  };
  return { engine, namespaces, images };
}
