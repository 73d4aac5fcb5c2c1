import type { Cover, PolicySpec } from './policy.js';

/**
 * What a policy wishes of the injection, beside the recipe: the same for pods and tasks, which each act on what they have
 * (`field-reach.ts`).
 */
export interface Wishes {
  readonly cover: ReadonlySet<Cover>;
  readonly placement: PolicySpec['agent']['placement'];
  readonly delivery: PolicySpec['delivery'];
  readonly capability: PolicySpec['capability'];
}

/** Reads a policy's wishes. */
export function wishesOf({ containers, agent, delivery, capability }: PolicySpec): Wishes {
  return { cover: new Set(containers.cover), placement: agent.placement, delivery, capability };
}
