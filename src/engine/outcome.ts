import type { Plan } from '../inject/pod/plan.js';
import type { Decision } from '../model/decision.js';
import type { Operation } from '../model/patch.js';
import type { KnownImages } from './asked-images.js';
import type { Rule } from './rules.js';

/** A decision with what it came from. */
export interface Outcome {
  readonly decision: Decision;
  /** Operations that carry the decision out; empty unless it is to inject and something is missing. */
  readonly patch: readonly Operation[];
  readonly rule: Rule | undefined;
  readonly plan: Plan | undefined;
  /** What was known about each container's image that was asked for. */
  readonly images: KnownImages;
}

/** Whether a value is still being worked out. */
export function isPending(outcome: Outcome | Promise<Outcome>): outcome is Promise<Outcome> {
  return outcome instanceof Promise;
}
