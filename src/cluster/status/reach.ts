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
   * The namespaces in which it loses pods to a policy that blocks nothing, while its own validating entry, whose failure
   * policy is Fail, still blocks them if no replica answers; `undefined` if there are none.
   */
  readonly overlap: Overlap | undefined;
  /**
   * The namespaces needed for a cluster's recovery in which its entry, whose failure policy is Fail, blocks pods if no
   * replica answers.
   */
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
  /** Whether its entry blocks pods while no replica answers. */
  readonly blocks: boolean;
}

/**
 * Computes each policy's reach from the selectors and the existing namespaces. Two podSelectors count as overlapping if
 * their requirements allow a pod that both select. Pure.
 *
 * @returns by policy name; without policies whose selectors are unknown
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
