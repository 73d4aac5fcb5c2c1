import type { Finding } from '../model/decision.js';
import { names } from '../model/names.js';
import { namespaceLabelsOf, type StringMap } from '../model/selector.js';
import { rankPolicies, type CompiledPolicy } from '../policy/compile.js';
import { screen } from '../policy/screen.js';
import type { Rule, Rules } from './rules.js';

/** A policy that wins for pods of a namespace. */
export interface PolicyThere {
  readonly policy: CompiledPolicy;
  readonly rule: Rule;
  /** Whether it wins for every pod there that no policy before it takes, or for those that its podSelector selects. */
  readonly pods: 'all' | 'some';
  /** Why it touches no pod there: the namespace is excluded or opted out, its label is not valid, the policy is off. */
  readonly stop: Finding | undefined;
  /** The namespace opts out by label, and the policy forbids it. */
  readonly optOutIgnored: boolean;
}

/** A namespace that some policy matches. */
export interface MatchedNamespace {
  readonly name: string;
  readonly labels: StringMap;
  /** The one that wins first in front; the last takes whatever pod is left, or all of them are for some pods. */
  readonly policies: readonly PolicyThere[];
}

/** What policies match of a cluster's namespaces. */
export interface NamespaceMatches {
  /** In the order in which they were given. */
  readonly namespaces: readonly MatchedNamespace[];
  /** Names of the policies whose namespaceSelector matches no namespace. */
  readonly unmatched: readonly string[];
  /** Names of the policies that match, and win for no pod, since another goes before them everywhere. */
  readonly outranked: readonly string[];
}

/**
 * Says which policies win in which namespaces, by the rules that hold for pods (`choosePolicy`, `screen`). Pure.
 *
 * @param namespaces labels by name; `kubernetes.io/metadata.name` need not be among them
 * @param excluded names of the namespaces that are never touched
 */
export function matchNamespaces(
  rules: Rules,
  namespaces: ReadonlyMap<string, StringMap>,
  excluded: ReadonlySet<string>,
): NamespaceMatches {
  const matched = new Set<string>();
  const winning = new Set<string>();
  const found: MatchedNamespace[] = [];
  for (const [name, given] of namespaces) {
    const labels = namespaceLabelsOf(name, given);
    const policies: PolicyThere[] = [];
    for (const policy of rules.policies.ranked) {
      const rule = rules.byPolicy.get(policy.name);
      if (!policy.valid || rule === undefined || !policy.matchesNamespace(labels)) continue;
      matched.add(policy.name);
      if (policies.at(-1)?.pods === 'all') continue;
      winning.add(policy.name);
      policies.push(policyThere(policy, rule, { name, labels }, excluded));
    }
    if (policies.length > 0) found.push({ name, labels, policies });
  }
  const { policyNames } = rules;
  return {
    namespaces: found,
    unmatched: policyNames.filter((name) => !matched.has(name)),
    outranked: policyNames.filter((name) => matched.has(name) && !winning.has(name)),
  };
}

function policyThere(
  policy: CompiledPolicy,
  rule: Rule,
  { name, labels }: { readonly name: string; readonly labels: StringMap },
  excluded: ReadonlySet<string>,
): PolicyThere {
  const subject = { namespace: name, namespaceLabels: labels, podLabels: {} };
  const { stop } = screen(rankPolicies([{ ...policy, matchesPod: () => true }]), subject, excluded, false);
  const { matchLabels, matchExpressions } = policy.spec.match.podSelector;
  const selective = Object.keys(matchLabels ?? {}).length > 0 || (matchExpressions ?? []).length > 0;
  return {
    policy,
    rule,
    pods: selective ? 'some' : 'all',
    stop,
    optOutIgnored: stop === undefined && labels[names.inject] === 'disabled',
  };
}
