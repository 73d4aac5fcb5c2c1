import { isRecoveryNamespace } from '../../model/recovery-namespaces.js';
import type { LabelSelector } from '../../model/selector.js';
import { compileSelector, type LabelMatcher } from '../../policy/selector.js';
import type { ClusterConfiguration, PolicyState } from '../state/cluster-configuration.js';
import { canBothSelect } from './selector-overlap.js';

/** Where a policy reaches. */
export interface Reach {
  /** How many namespaces its namespaceSelector selects, without the excluded ones. */
  readonly matchedNamespaces: number;
  /**
   * Where it loses pods to a policy that blocks nothing, while its own validating entry, whose failure policy is Fail,
   * still blocks them when nobody answers; `undefined`: nowhere.
   */
  readonly overlap: Overlap | undefined;
  /** The namespaces that a cluster recovers by in which its entry, whose failure policy is Fail, stops pods when nobody answers. */
  readonly recovery: readonly string[];
}

/** Other policies that win for some pods, and where. */
export interface Overlap {
  readonly policies: readonly string[];
  readonly namespaces: readonly string[];
}

interface Contender {
  readonly name: string;
  readonly matchesNamespace: LabelMatcher;
  readonly podSelector: LabelSelector;
  /** Whether its entry stops pods while nobody answers. */
  readonly blocks: boolean;
}

/**
 * Says where each policy reaches, from the selectors and the namespaces there are. Whether two podSelectors select the same
 * pod is judged by what they ask for: that they might is enough. Pure.
 *
 * @returns by policy name; a policy of which not even the selectors are known is not in it
 */
export function reachOfPolicies(
  { rules, policies, namespaces }: Pick<ClusterConfiguration, 'rules' | 'policies' | 'namespaces'>,
  excluded: ReadonlySet<string>,
): ReadonlyMap<string, Reach> {
  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  const ranked = rules.policies.ranked.flatMap(({ name }) => contenderOf(byName.get(name)) ?? []);
  const found = new Map(
    ranked.map(({ name }) => [
      name,
      { matched: 0, winners: new Set<string>(), places: new Set<string>(), recovery: [] as string[] },
    ]),
  );
  for (const [namespace, labels] of namespaces) {
    if (excluded.has(namespace)) continue;
    const isRecovery = isRecoveryNamespace(namespace);
    const ahead: Contender[] = [];
    for (const contender of ranked) {
      const reach = found.get(contender.name);
      if (reach === undefined || !contender.matchesNamespace(labels)) continue;
      reach.matched += 1;
      if (!contender.blocks) {
        ahead.push(contender);
        continue;
      }
      if (isRecovery) reach.recovery.push(namespace);
      for (const { name, podSelector } of ahead) {
        if (!canBothSelect(podSelector, contender.podSelector)) continue;
        reach.winners.add(name);
        reach.places.add(namespace);
      }
    }
  }
  return new Map(
    [...found].map(([name, { matched, winners, places, recovery }]) => [
      name,
      {
        matchedNamespaces: matched,
        overlap: winners.size === 0 ? undefined : { policies: [...winners], namespaces: [...places] },
        recovery,
      },
    ]),
  );
}

function contenderOf(state: PolicyState | undefined): Contender | undefined {
  const spec = state?.policy?.spec;
  const of = spec === undefined ? state?.known : { ...spec, ...spec.match };
  if (state === undefined || of === undefined) return undefined;
  return {
    name: state.name,
    matchesNamespace: compileSelector(of.namespaceSelector),
    podSelector: of.podSelector,
    blocks: of.prefer === 'Security' && of.mode === 'Inject',
  };
}
