import { clusterFacts } from '../../config-facts.js';
import type { Settings } from '../../config.js';
import type { ClusterFactsReader } from '../../cluster/facts/cluster-facts.js';
import type { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Engine } from '../../engine/engine.js';
import type { ImageResolver } from '../../model/image.js';
import type { ClusterFacts, SeenFacts } from '../../model/recipe.js';

/** What an engine in a cluster is made of. */
export interface ClusterEngineOptions {
  readonly settings: Settings;
  readonly state: Pick<ClusterState, 'configuration' | 'onChange'>;
  readonly facts: Pick<ClusterFactsReader, 'seen'>;
  readonly images: ImageResolver;
  readonly credentials: Pick<Engine, 'secretState' | 'credentials'>;
}

/** The engine of the moment: made anew when policies, profiles or facts change, and the same object until then. */
export function createClusterEngine(options: ClusterEngineOptions): () => Engine {
  const { settings, state, facts, images, credentials } = options;
  const excludedNamespaces = new Set(excludedBySettings(settings));
  let seen: SeenFacts = facts.seen();
  let known: ClusterFacts = clusterFacts(settings, seen);
  let engine: Engine | undefined;
  state.onChange(({ configuration }) => {
    if (configuration) engine = undefined;
  });
  return () => {
    if (facts.seen() !== seen) {
      seen = facts.seen();
      known = clusterFacts(settings, seen);
      engine = undefined;
    }
    return (engine ??= {
      rules: state.configuration().rules,
      facts: known,
      images,
      excludedNamespaces,
      ...credentials,
    });
  };
}

/** The namespaces that are never touched: those of the setting, and always Kubernetes' own and the installation's (E35). */
export function excludedBySettings(settings: Pick<Settings, 'excludedNamespaces' | 'ownNamespace'>): readonly string[] {
  return [...new Set(['kube-system', settings.ownNamespace, ...settings.excludedNamespaces])];
}
