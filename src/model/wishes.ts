import { isStrict, type Cover, type PolicySpec } from './policy.js';

/**
 * What a policy wishes of the injection, besides the recipe: the same for pods and tasks, which each act on what they
 * have (`field-reach.ts`).
 */
export interface Wishes {
  readonly cover: ReadonlySet<Cover>;
  readonly placement: PolicySpec['agent']['placement'];
  readonly delivery: PolicySpec['delivery'];
  /** Why the files are copied where `delivery` is open; absent where the nodes decide. No part of the plan's name. */
  readonly copied?: string;
  readonly capability: PolicySpec['capability'];
  /** Whether a pod's author is not trusted to let the pod be traced. */
  readonly enforced: boolean;
}

/** Reads a policy's wishes. */
export function wishesOf(spec: PolicySpec): Wishes {
  const { containers, agent, delivery, capability } = spec;
  return {
    cover: new Set(containers.cover),
    placement: agent.placement,
    delivery,
    capability,
    enforced: isStrict(spec),
  };
}
