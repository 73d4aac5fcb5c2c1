import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readInstallation } from '../../cluster/live/read-installation.js';
import type { Engine } from '../../engine/engine.js';
import { createMapResolver } from '../../image/map-resolver.js';
import type { ImageResolver } from '../../model/image.js';
import type { ClusterFacts } from '../../model/recipe.js';
import type { TakenBackByKey } from '../../model/taken-back.js';
import { clusterFacts, nodesFor } from '../../settings/cluster-facts.js';
import type { Invocation } from '../command.js';
import type { InstallationSettings } from '../options/cluster.js';
import { clusterPolicies } from './engine.js';
import { readFacts } from './ground.js';
import { withInstalled } from './installed-settings.js';
import { leftAloneBy, readTakenBack } from './taken-back.js';

/** Judges the pods of a whole cluster as the leader does, as far as the user's rights allow. */
export interface WideEngine {
  readonly engine: Engine;
  /** Whether the installation's flags could be read. Without them, the images of our own parts are not compared. */
  readonly knowsInstallation: boolean;
  /** Workloads whose new pods are left alone. */
  readonly takenBack: TakenBackByKey;
  /** What may not be read of that, in words. */
  readonly unread: readonly string[];
}

/**
 * Builds an engine with the cluster's own policies, for all of its namespaces. It makes no look-ups and knows no Secrets.
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
  const { instance, ownNamespace } = settings;
  const [{ rules }, facts, { entries, unread }] = await Promise.all([
    clusterPolicies(invocation, { ...clusterSettings, instance, ownNamespace }, client, images),
    readFacts(client),
    readTakenBack(client, settings),
  ]);
  const looksUp = installed.flags.get('lookup')?.at(-1) !== 'false';
  const knowsInstallation = installed.flags.size > 0;
  const known = clusterFacts(clusterSettings, facts.seen());
  return {
    knowsInstallation,
    takenBack: entries,
    unread,
    engine: {
      takenBack: leftAloneBy(entries),
      rules,
      facts: knowsInstallation ? known : withAnyImages(known),
      images: createMapResolver(images, looksUp ? notAsked : undefined),
      excludedNamespaces: new Set(['kube-system', ...clusterSettings.excludedNamespaces, settings.ownNamespace]),
      secretState: () => 'unknown',
      ...nodesFor(clusterSettings, facts.podNodes),
    },
  };
}

/** An image that is not in the map stays unknown; no registry is asked. */
const notAsked: ImageResolver = {
  known: () => undefined,
  lookUp: ({ reference }) => Promise.resolve({ ok: false, reason: 'image_unresolved', detail: reference }),
};

function withAnyImages(facts: ClusterFacts): ClusterFacts {
  const any = (['tools', 'files', 'agent'] as const).map((part) => ({ path: `/${part}/image`, value: '*' }));
  return { ...facts, ownPartsMayDiffer: [...facts.ownPartsMayDiffer, ...any] };
}
