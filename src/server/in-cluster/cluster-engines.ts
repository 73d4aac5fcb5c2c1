import { clusterFacts, nodesFor, type ClusterFactsSettings } from '../../settings/cluster-facts.js';
import type { Settings } from '../../settings/table.js';
import type { ClusterFactsReader } from '../../cluster/facts/cluster-facts.js';
import type { ClusterState } from '../../cluster/state/cluster-state.js';
import type { Engine } from '../../engine/engine.js';
import type { KnownLimits } from '../../engine/known-limits.js';
import type { TakenBack } from '../../model/taken-back.js';
import type { Rules } from '../../engine/rules.js';
import type { Clock } from '../../time/clock.js';
import type { ImageResolver } from '../../model/image.js';
import type { ClusterFacts, SeenFacts } from '../../model/recipe.js';
import { Past } from './past.js';

/** The settings that engines in a cluster use. */
export type ClusterEngineSettings = ClusterFactsSettings & ExcludedSettings;

/** The settings for excluded namespaces. */
export type ExcludedSettings = Pick<Settings, 'excludedNamespaces' | 'ownNamespace'>;

/** What is needed to make engines in a cluster. */
export interface ClusterEngineOptions {
  readonly settings: ClusterEngineSettings;
  readonly state: Pick<ClusterState, 'configuration' | 'onChange'>;
  readonly facts: Pick<ClusterFactsReader, 'seen' | 'podNodes'>;
  readonly images: ImageResolver;
  readonly credentials: Pick<Engine, 'secretState' | 'credentials'>;
  readonly limits: KnownLimits;
  /** What instrumentation was taken back from; absent if nobody looks. */
  readonly takenBack: (() => TakenBack) | undefined;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

// A replica learns of a policy's change within seconds, and the API server takes up to 30 s from one door to the next.
const rulesKeptMs = 60_000;
// Replicas ask for the cluster's facts every five minutes, each in its own time.
const factsKeptMs = 15 * 60_000;

/** Engines that follow the cluster. */
export class ClusterEngines {
  readonly #options: ClusterEngineOptions;
  readonly #excludedNamespaces: ReadonlySet<string>;
  readonly #pastRules: Past<Rules>;
  readonly #pastFacts: Past<ClusterFacts>;
  #rules: Rules;
  #seen: SeenFacts;
  #facts: ClusterFacts;
  #engine: Engine | undefined;

  constructor(options: ClusterEngineOptions) {
    const { settings, state, facts, clock } = options;
    this.#options = options;
    this.#excludedNamespaces = new Set(excludedBySettings(settings));
    this.#pastRules = new Past(rulesKeptMs, clock);
    this.#pastFacts = new Past(factsKeptMs, clock);
    this.#rules = state.configuration().rules;
    this.#seen = facts.seen();
    this.#facts = clusterFacts(settings, this.#seen);
    state.onChange(({ configuration }) => {
      if (configuration) this.#takeRules();
    });
  }

  /** The current engine. It is replaced when policies, profiles, facts or what was taken back change, and is the same object until then. */
  current(): Engine {
    if (this.#options.facts.seen() !== this.#seen) this.#takeFacts();
    return (this.#engine ??= this.#engineOf(this.#rules, this.#facts));
  }

  /** Engines with rules or facts that were in force until recently; another replica may have used them. */
  *earlier(): Iterable<Engine> {
    const allFacts = [this.#facts, ...this.#pastFacts.latest()];
    for (const rules of [this.#rules, ...this.#pastRules.latest()]) {
      for (const facts of allFacts) {
        if (rules !== this.#rules || facts !== this.#facts) yield this.#engineOf(rules, facts);
      }
    }
  }

  /** Call this when what was taken back has changed. */
  takenBackChanged(): void {
    this.#engine = undefined;
  }

  #takeRules(): void {
    this.#pastRules.add(this.#rules);
    this.#rules = this.#options.state.configuration().rules;
    this.#engine = undefined;
  }

  #takeFacts(): void {
    const { settings, facts } = this.#options;
    this.#pastFacts.add(this.#facts);
    this.#seen = facts.seen();
    this.#facts = clusterFacts(settings, this.#seen);
    this.#engine = undefined;
  }

  #engineOf(rules: Rules, facts: ClusterFacts): Engine {
    const { settings, images, credentials, limits } = this.#options;
    const takenBack = this.#options.takenBack?.();
    const nodes = nodesFor(settings, this.#options.facts.podNodes);
    return {
      rules,
      facts,
      images,
      excludedNamespaces: this.#excludedNamespaces,
      limits,
      ...nodes,
      ...credentials,
      ...(takenBack === undefined ? {} : { takenBack }),
    };
  }
}

/** The namespaces that are never touched: those of the setting, and always Kubernetes' own and the installation's (E35). */
export function excludedBySettings(settings: ExcludedSettings): readonly string[] {
  return [...new Set(['kube-system', settings.ownNamespace, ...settings.excludedNamespaces])];
}
