import type { Step } from '../model/decision.js';
import type { StringMap } from '../model/selector.js';
import type { PolicySet, RankedPolicy } from './compile.js';

/** The policy that wins for a pod. */
export interface Choice {
  readonly winner: RankedPolicy | undefined;
  /** If a trace was requested, one step for each policy that was considered; else empty. */
  readonly steps: readonly Step[];
}

const noSteps: readonly Step[] = [];

/**
 * Chooses the one policy for a pod: of those whose selectors both match, the one that ranks first, whatever its mode.
 *
 * @param trace also consider the policies after the winner, and record a step for each.
 */
export function choosePolicy(
  policies: PolicySet,
  namespaceLabels: StringMap,
  podLabels: StringMap,
  trace: boolean,
): Choice {
  if (!trace) {
    const winner = policies.ranked.find(
      (policy) => policy.matchesNamespace(namespaceLabels) && policy.matchesPod(podLabels),
    );
    return { winner, steps: noSteps };
  }
  let winner: RankedPolicy | undefined;
  const steps: Step[] = [];
  for (const policy of policies.ranked) {
    const mismatch = !policy.matchesNamespace(namespaceLabels)
      ? 'namespaceSelector does not match'
      : !policy.matchesPod(podLabels)
        ? 'podSelector does not match'
        : undefined;
    const subject = `policy ${policy.name}`;
    if (mismatch !== undefined) {
      steps.push({ subject, result: 'note', detail: mismatch });
    } else if (winner === undefined) {
      winner = policy;
      steps.push({ subject, result: 'pass', detail: `matches and wins, precedence ${policy.precedence}` });
    } else {
      steps.push({ subject, result: 'note', detail: `matches, precedence ${policy.precedence}; ${winner.name} wins` });
    }
  }
  return { winner, steps };
}
