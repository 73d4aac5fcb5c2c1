import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readInstallation } from '../../cluster/live/read-installation.js';
import type { Engine } from '../../engine/engine.js';
import { createMapResolver } from '../../image/map-resolver.js';
import type { ImageResolver } from '../../model/image.js';
import type { ClusterFacts } from '../../model/recipe.js';
import { clusterFacts } from '../../settings/cluster-facts.js';
import type { Invocation } from '../command.js';
import type { InstallationSettings } from '../options/cluster.js';
import { clusterPolicies, readFacts } from './engine.js';
import { withInstalled } from './installed-settings.js';

/** What judges the pods of a whole cluster, as the leader does, as far as its rights go. */
export interface WideEngine {
  readonly engine: Engine;
  /** Whether the installation's flags could be read: without them, images of our own parts are not compared. */
  readonly knowsInstallation: boolean;
}

/**
 * Puts together an engine with the cluster's own policies, for all of its namespaces. It looks nothing up, and knows of no
 * Secret.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function openWideEngine(
  invocation: Invocation,
  settings: InstallationSettings,
  { client }: OpenCluster,
): Promise<WideEngine> {
  const installed = await readInstallation(client, settings);
  const { clusterSettings, images } = withInstalled(invocation, installed);
  const [{ rules }, facts] = await Promise.all([
    clusterPolicies(invocation, { ...clusterSettings, instance: settings.instance }, client, images),
    readFacts(client),
  ]);
  const looksUp = installed.flags.get('lookup')?.at(-1) !== 'false';
  const knowsInstallation = installed.flags.size > 0;
  const known = clusterFacts(clusterSettings, facts.seen());
  return {
    knowsInstallation,
    engine: {
      rules,
      facts: knowsInstallation ? known : withAnyImages(known),
      images: createMapResolver(images, looksUp ? notAsked : undefined),
      excludedNamespaces: new Set(['kube-system', ...clusterSettings.excludedNamespaces, settings.ownNamespace]),
      secretState: () => 'unknown',
    },
  };
}

/** Nothing is known of an image that the map does not have, and nobody is asked. */
const notAsked: ImageResolver = {
  known: () => undefined,
  lookUp: ({ reference }) => Promise.resolve({ ok: false, reason: 'image_unresolved', detail: reference }),
};

function withAnyImages(facts: ClusterFacts): ClusterFacts {
  const any = (['tools', 'files', 'agent'] as const).map((part) => ({ path: `/${part}/image`, value: '*' }));
  return { ...facts, ownPartsMayDiffer: [...facts.ownPartsMayDiffer, ...any] };
}
