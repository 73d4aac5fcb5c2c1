import type { ImageConfig } from '../../model/image.js';
import type { Engine } from '../../engine/engine.js';
import type { Invocation } from '../command.js';
import type { InputOverview } from '../files/overview.js';
import { openImages, type OpenImages } from '../image/open-images.js';
import type { LookupSettings } from '../image/lookups.js';
import { namespacesOf, type Namespaces } from '../options/namespaces.js';
import type { LoadedPolicies } from '../options/policy.js';
import { clusterFacts } from '../../settings/cluster-facts.js';
import type { ClusterSettings } from '../options/settings.js';

/** What the offline commands use to decide. */
export interface OfflineEngine {
  readonly engine: Engine;
  readonly namespaces: Namespaces;
  readonly images: OpenImages;
  /**
   * What images start, by the text that was given. For tasks, this can also be a container's name, or `${Name}` for a
   * `!Ref`.
   */
  readonly imagesByText: ReadonlyMap<string, ImageConfig>;
}

/**
 * Builds an engine from a command line. The caller that opens it closes `images`.
 *
 * @param overview what the input files say about each other
 * @throws OutriderError `usage`, `image_map_invalid`
 */
export async function openEngine(
  invocation: Invocation,
  settings: ClusterSettings & LookupSettings,
  policies: LoadedPolicies,
  overview: InputOverview,
): Promise<OfflineEngine> {
  const namespaces = namespacesOf(invocation, policies.namespaces, overview.namespaces);
  const images = await openImages({
    map: references(policies.images, overview),
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
 * The entries by reference. A key that is the name of a task's container, which may have capitals, or a text with `${Name}`
 * need not be a reference.
 */
function references(
  images: ReadonlyMap<string, ImageConfig>,
  { taskContainers }: Pick<InputOverview, 'taskContainers'>,
): ReadonlyMap<string, ImageConfig> {
  return new Map(
    [...images].filter(([text]) => !text.includes('${') && !(hasCapital(text) && taskContainers.has(text))),
  );
}

/** Whether a key may be the name of a task's container, because it has a capital letter. */
export function namesTasks(images: ReadonlyMap<string, ImageConfig>): boolean {
  return [...images.keys()].some(hasCapital);
}

function hasCapital(text: string): boolean {
  return /[A-Z]/.test(text);
}
