import type { PolicySet, RankedPolicy } from '../../policy/compile.js';
import { namespaceLabelsOf, namespaceNameLabel, type LabelSelector, type StringMap } from '../../model/selector.js';
import { compileSelector } from '../../policy/selector.js';

/** A pod that no policy matches. */
export interface UnmatchedPod {
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly podLabels: StringMap;
}

/** How many policies are named. Those that would win come first. */
const mostPolicies = 3;

/**
 * What would make a policy match a pod that no policy matches: the missing labels, for each policy.
 *
 * @param where `files`: the namespace's labels may be given on the command line
 */
export function noPolicyRemedy({ ranked }: PolicySet, pod: UnmatchedPod, where: 'files' | 'cluster'): string {
  const ways = ranked.flatMap((policy) => wayTo(policy, pod, where));
  if (ways.length === 0) return 'There is no policy that could match: write one, or give --profile for a try.';
  const shown = ways.slice(0, mostPolicies);
  const more = ways.length > shown.length ? `; ${ways.length - shown.length} more policies match neither` : '';
  return `${shown.join('; ')}${more}. Or write a policy that selects the pod.`;
}

function wayTo(policy: RankedPolicy, pod: UnmatchedPod, where: 'files' | 'cluster'): readonly string[] {
  if (!policy.valid) return [];
  const { namespaceSelector, podSelector } = policy.spec.match;
  const labels = namespaceLabelsOf(pod.namespace, pod.namespaceLabels);
  const ofNamespace = missing(namespaceSelector, labels);
  const ofPod = missing(podSelector, pod.podLabels);
  const wants = [
    ...(ofNamespace.length === 0 ? [] : [`a namespace with ${ofNamespace.map(({ text }) => text).join(' and ')}`]),
    ...(ofPod.length === 0 ? [] : [`a pod with ${ofPod.map(({ text }) => text).join(' and ')}`]),
  ];
  const given = ofNamespace.flatMap(({ label }) => label ?? []);
  const isGivable = given.length === ofNamespace.length && ofNamespace.length > 0;
  const hint =
    where === 'files' && isGivable ? ` (--namespace-labels ${given.join(',')} where the namespace has that)` : '';
  return [`Policy ${policy.name} wants ${wants.join(', and ')}${hint}`];
}

interface Missing {
  readonly text: string;
  /** A label that satisfies the requirement, if adding one can. */
  readonly label: string | undefined;
}

/** The requirements of a selector that are not satisfied. */
function missing({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: StringMap): readonly Missing[] {
  return [
    ...Object.entries(matchLabels).flatMap(([key, value]) =>
      compileSelector({ matchLabels: { [key]: value } })(labels)
        ? []
        : [{ text: `${key}=${value}`, label: key === namespaceNameLabel ? undefined : `${key}=${value}` }],
    ),
    ...matchExpressions.flatMap((requirement) => {
      if (compileSelector({ matchExpressions: [requirement] })(labels)) return [];
      const { key, operator, values = [] } = requirement;
      const list = values.join(' or ');
      switch (operator) {
        case 'In': {
          const [first] = values;
          const isName = key === namespaceNameLabel;
          return [{ text: `${key}=${list}`, label: first === undefined || isName ? undefined : `${key}=${first}` }];
        }
        case 'NotIn':
          return [{ text: `${key} other than ${list}`, label: undefined }];
        case 'Exists':
          return [{ text: `a label ${key}`, label: undefined }];
        case 'DoesNotExist':
          return [{ text: `no label ${key}`, label: undefined }];
      }
    }),
  ];
}
