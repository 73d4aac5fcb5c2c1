import type { Engine } from '../../engine/engine.js';
import { weaknessesOf, weaknessText } from '../../policy/weak.js';

/**
 * How a pod's author could bypass a policy, in the words of the condition `Weak`; `undefined` for nothing, and for a policy
 * that trusts authors or is not valid.
 */
export function weaknessOf(
  policy: string | undefined,
  { rules, facts }: Pick<Engine, 'rules' | 'facts'>,
): string | undefined {
  const ranked = rules.policies.ranked.find(({ name }) => name === policy);
  if (ranked?.valid !== true) return undefined;
  const sidecar = rules.byPolicy.get(ranked.name)?.recipe.sidecar;
  const found = weaknessesOf(ranked.spec, {
    asWorkload: sidecar?.runAs === 'Workload',
    shared: facts.openShift && sidecar !== undefined,
  });
  return found === undefined || found.length === 0 ? undefined : weaknessText(found);
}
