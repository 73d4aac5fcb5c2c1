import type { ImageConfig } from '../../model/image.js';
import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import type { Engine } from '../../engine/engine.js';
import type { Invocation } from '../command.js';
import { containerNames } from '../files/template-names.js';
import { openImages, type OpenImages } from '../image/open-images.js';
import type { LookupSettings } from '../image/lookups.js';
import { namespacesOf, type Namespaces } from '../options/namespaces.js';
import type { LoadedPolicies } from '../options/policy.js';
import { clusterFacts } from '../../settings/cluster-facts.js';
import type { ClusterSettings } from '../options/settings.js';

/** What the offline commands decide with. */
export interface OfflineEngine {
  readonly engine: Engine;
  readonly namespaces: Namespaces;
  readonly images: OpenImages;
  /** What images start, under the text that was given: for tasks, also a container's name, or `${Name}` for a `!Ref`. */
  readonly imagesByText: ReadonlyMap<string, ImageConfig>;
}

/**
 * Puts an engine together out of a command line. Whoever opens it closes `images`.
 *
 * @param documents the input
 * @throws OutriderError `usage`, `image_map_invalid`
 */
export async function openEngine(
  invocation: Invocation,
  settings: ClusterSettings & LookupSettings,
  policies: LoadedPolicies,
  documents: readonly ManifestDocument[],
): Promise<OfflineEngine> {
  const namespaces = namespacesOf(invocation, policies.namespaces, documents);
  const images = await openImages({
    map: references(policies.images, documents),
    settings,
    io: invocation.io,
  });
  const engine: Engine = {
    rules: policies.rules,
    facts: clusterFacts(settings),
    images: images.resolver,
    excludedNamespaces: new Set(settings.excludedNamespaces),
    secretState: () => 'unknown',
  };
  return { engine, namespaces, images, imagesByText: policies.images };
}

/**
 * The entries under references. A name of a container in a task, which may have capitals, or a text with `${Name}` in it
 * need not be one.
 */
function references(
  images: ReadonlyMap<string, ImageConfig>,
  documents: readonly ManifestDocument[],
): ReadonlyMap<string, ImageConfig> {
  const names = new Set(documents.flatMap(({ tasks }) => tasks.flatMap(containerNames)));
  return new Map([...images].filter(([text]) => !text.includes('${') && !(/[A-Z]/.test(text) && names.has(text))));
}
