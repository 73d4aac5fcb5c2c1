import { openPodContext } from '../inject/pod/context.js';
import { makePlan } from '../inject/pod/make-plan.js';
import { isFinding, readPod } from '../inject/pod/view.js';
import type { NamespaceLimits } from '../model/namespace-limits.js';
import type { ClusterFacts } from '../model/recipe.js';
import type { Rule } from './rules.js';

/** A pod that takes almost nothing: where the agent does not fit next to it, it fits next to none. */
const smallest = {
  spec: { containers: [{ name: 'app', command: ['/app'], resources: { requests: { cpu: '1m', memory: '1Mi' } } }] },
};

/** Why a rule's containers fit into no pod of a namespace, for people; `undefined` where they fit into the smallest. */
export function misfitEverywhere(rule: Rule, facts: ClusterFacts, limits: NamespaceLimits): string | undefined {
  const view = readPod(smallest);
  if (isFinding(view)) return undefined;
  const context = openPodContext(view, rule.recipe, rule.wishes, facts, rule.parts);
  if ('reason' in context) return undefined;
  const { obstacle } = makePlan({
    context,
    selected: context.workload,
    imageOf: () => undefined,
    namespaceLabels: {},
    excluded: () => false,
    pullSecretsAdmitted: true,
    differing: 'stays',
    limits,
  });
  return obstacle?.reason === 'resources_do_not_fit' ? obstacle.detail : undefined;
}
