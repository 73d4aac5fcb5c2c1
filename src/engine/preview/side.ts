import { createHash } from 'node:crypto';
import type { Decision, DecisionKind } from '../../model/decision.js';
import type { ReasonCode } from '../../model/reasons.js';
import { isCarriedOut } from '../findings.js';
import type { Outcome } from '../outcome.js';

/** Amounts by resource, as quantities. */
export type Amounts = Readonly<Record<string, string>>;

/** What one set of policies does to a pod template. */
export interface Side {
  /** `deny` if the validating door would refuse a new pod. */
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** For people. Names of objects in it are those of the template that was decided on. */
  readonly detail: string;
  readonly policy: string | undefined;
  /** Names of the containers that are instrumented. */
  readonly containers: readonly string[];
  /** What a pod grows by. */
  readonly growth: { readonly requests: Amounts; readonly limits: Amounts };
  /** A hash of what is put into a pod, without the records on it; empty for nothing. */
  readonly parts: string;
  /** Names of the policies that match, in the order in which they would win. */
  readonly matching: readonly string[];
}

/** What a change of policies does to a pod template. */
export interface Sides {
  readonly now: Side;
  readonly then: Side;
}

const noGrowth = { requests: {}, limits: {} } as const;

/**
 * Sums a decision up.
 *
 * @param denial the validating door's answer to the result, if it is a denial
 * @param matching names of the policies that match the template
 */
export function sideOf(outcome: Outcome, denial: Decision | undefined, matching: readonly string[]): Side {
  const { decision, plan, patch } = outcome;
  const said = denial ?? decision;
  const done = denial === undefined && isCarriedOut(decision);
  return {
    decision: denial === undefined ? decision.decision : 'deny',
    reason: said.reason,
    detail: said.detail,
    policy: said.policy,
    containers: done ? (plan?.workload ?? []).map(({ container }) => container.name) : [],
    growth: done && plan !== undefined ? { requests: plan.growth.requests, limits: plan.growth.limits } : noGrowth,
    parts: done ? hashOf(patch.filter(({ path }) => !path.startsWith('/metadata'))) : '',
    matching,
  };
}

function hashOf(parts: readonly object[]): string {
  if (parts.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}

/** How a template fares otherwise under the new policies. */
export type Change =
  /** Everything is as before. */
  | 'none'
  /** The decision, its reason or the containers. */
  | 'decision'
  /** The decision is the same, and what is put into pods is not: an image, a setting, an amount. */
  | 'parts'
  /** The same comes from another policy, or is written down otherwise. */
  | 'policy';

/** Compares the two sides. */
export function changeOf({ now, then }: Sides): Change {
  const decides = ({ decision, reason, containers }: Side): string => JSON.stringify([decision, reason, containers]);
  if (decides(now) !== decides(then)) return 'decision';
  if (now.parts !== then.parts) return 'parts';
  return now.policy === then.policy ? 'none' : 'policy';
}

/** Whether running pods differ from those that would be made then. A pod that would be denied is not made at all. */
export function needsNewPods({ now, then }: Sides): boolean {
  return then.decision !== 'deny' && now.parts !== then.parts;
}
