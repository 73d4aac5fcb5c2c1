import type { NamespaceLimits } from '../../model/namespace-limits.js';
import { names } from '../../model/names.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { secretTrouble } from '../agent.js';
import type { Engine } from '../engine.js';
import { everyRule } from '../rules.js';

/**
 * A text that is the same for two namespaces if their pods are decided alike: which policies match, whether they opt out,
 * what Pod Security enforces, what LimitRanges and quotas ask for, and whether the access keys are there.
 *
 * @param engines every engine that decides on the pods
 */
export function namespaceKey(name: string, given: StringMap, engines: readonly Engine[]): string {
  const labels = namespaceLabelsOf(name, given);
  const telling = Object.entries(labels)
    .filter(([key]) => key === names.inject || key.startsWith('pod-security.kubernetes.io/'))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const decided = engines.map((engine) => ({
    excluded: engine.excludedNamespaces.has(name),
    matches: engine.rules.policies.ranked.map((policy) => policy.matchesNamespace(labels)),
    keys: everyRule(engine.rules).map(([, rule]) => {
      const { obstacle, remark } = secretTrouble(rule, name, engine);
      return [obstacle?.reason, remark?.reason];
    }),
    limits: limitsText(engine.limits?.of(name)),
  }));
  return JSON.stringify([telling, decided]);
}

function limitsText(limits: NamespaceLimits | undefined): string {
  if (limits === undefined) return '';
  const { container, pod, quotas } = limits;
  return JSON.stringify(
    [[...container], [...pod], quotas.map(({ requests, limits: named, scopes }) => [requests, named, scopes])],
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
}
