import type { Outcome } from '../engine/instrument.js';
import { reasons } from '../model/reasons.js';

/** How many of the containers that the policy asks for are instrumented. */
export interface ContainerCount {
  readonly instrumented: number;
  readonly asked: number;
}

type Counted = Pick<Outcome, 'decision'> & { readonly plan: { readonly workload: readonly unknown[] } | undefined };

/** Counts a pod's or a task's containers as the decision has them. */
export function countContainers({ decision, plan }: Counted): ContainerCount {
  const injects = decision.decision === 'inject' || decision.decision === 'partial';
  const planned = plan?.workload.length ?? 0;
  return { instrumented: injects ? planned : 0, asked: planned + leftOut(decision).length };
}

/** The containers that a decision leaves out, each with its reason. */
export function leftOut({ decision, steps }: Outcome['decision']): Outcome['decision']['steps'] {
  const stops = steps.filter(({ result }) => result === 'stop');
  // The last step of a decision against the pod is about the pod, whatever its containers are called.
  return decision === 'skip' || decision === 'deny' ? stops.slice(0, -1) : stops;
}

/** What helps, or `undefined` where nothing has to be done. */
export function remedyOf(reason: keyof typeof reasons): string | undefined {
  const { remedy } = reasons[reason];
  return /^Nothing to do[.:]/.test(remedy) ? undefined : remedy;
}
