import { clusterFacts, type ClusterFactsSettings } from '../../settings/cluster-facts.js';
import type { Settings } from '../../settings/table.js';
import type { ClusterFactsReader } from '../../cluster/facts/cluster-facts.js';
import type { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Engine } from '../../engine/engine.js';
import type { Rules } from '../../engine/rules.js';
import type { Clock } from '../../time/clock.js';
import type { ImageResolver } from '../../model/image.js';
import type { ClusterFacts, SeenFacts } from '../../model/recipe.js';
import { Past } from './past.js';

/** The settings that engines in a cluster go by. */
export type ClusterEngineSettings = ClusterFactsSettings & ExcludedSettings;

/** The settings that say which namespaces are never touched. */
export type ExcludedSettings = Pick<Settings, 'excludedNamespaces' | 'ownNamespace'>;

/** What engines in a cluster are made of. */
export interface ClusterEngineOptions {
  readonly settings: ClusterEngineSettings;
  readonly state: Pick<ClusterState, 'configuration' | 'onChange'>;
  readonly facts: Pick<ClusterFactsReader, 'seen'>;
  readonly images: ImageResolver;
  readonly credentials: Pick<Engine, 'secretState' | 'credentials'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** Engines as they follow the cluster. */
export interface ClusterEngines {
  /** The engine of the moment: made anew when policies, profiles or facts change, and the same object until then. */
  current(): Engine;
  /** Engines with rules or facts that were in force a while ago, by which another replica may have decided. */
  earlier(): Iterable<Engine>;
}

// A replica hears of a policy's change within seconds, and the API server takes up to 30 s from one door to the next.
const rulesKeptMs = 60_000;
// Replicas ask for the cluster's facts every five minutes, each in its own time.
const factsKeptMs = 15 * 60_000;

/** Makes the engines of a cluster. */
export function createClusterEngines(options: ClusterEngineOptions): ClusterEngines {
  const { settings, state, images, credentials, clock } = options;
  const excludedNamespaces = new Set(excludedBySettings(settings));
  const pastRules = new Past<Rules>(rulesKeptMs, clock);
  const pastFacts = new Past<ClusterFacts>(factsKeptMs, clock);
  let { rules } = state.configuration();
  let seen: SeenFacts = options.facts.seen();
  let facts: ClusterFacts = clusterFacts(settings, seen);
  let engine: Engine | undefined;
  state.onChange(({ configuration }) => {
    if (!configuration) return;
    pastRules.add(rules);
    ({ rules } = state.configuration());
    engine = undefined;
  });
  const engineOf = (rules: Rules, facts: ClusterFacts): Engine => ({
    rules,
    facts,
    images,
    excludedNamespaces,
    ...credentials,
  });
  return {
    current: () => {
      if (options.facts.seen() !== seen) {
        pastFacts.add(facts);
        seen = options.facts.seen();
        facts = clusterFacts(settings, seen);
        engine = undefined;
      }
      return (engine ??= engineOf(rules, facts));
    },
    *earlier() {
      const allFacts = [facts, ...pastFacts.latest()];
      for (const ofRules of [rules, ...pastRules.latest()]) {
        for (const ofFacts of allFacts) {
          if (ofRules !== rules || ofFacts !== facts) yield engineOf(ofRules, ofFacts);
        }
      }
    },
  };
}

/** The namespaces that are never touched: those of the setting, and always Kubernetes' own and the installation's (E35). */
export function excludedBySettings(settings: ExcludedSettings): readonly string[] {
  return [...new Set(['kube-system', settings.ownNamespace, ...settings.excludedNamespaces])];
}
