import type { Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import type { KnownTracers } from '../../model/tracers.js';
import { otherTracer } from '../other-tracer.js';
import { argvOf } from './argv.js';
import type { PodContext } from './context.js';
import type { ContainerView } from './view.js';

/**
 * Finds what shows that a pod is instrumented by another profile, or has an agent that is not ours (W27). A recipe
 * without a wrapper traces nothing, so nothing is in its way.
 *
 * @param imageOf what is known about a container's image
 */
export function findOtherTracer(
  { recipe, workload, instrumented }: PodContext,
  known: KnownTracers,
  imageOf: (container: ContainerView) => ImageOutcome | undefined,
): Finding | undefined {
  if (recipe.wrapper === undefined) return undefined;
  // In a pod that our wrapper starts, another version of our agent is for the plan to judge (E17).
  const own = { profile: recipe.profile, program: recipe.wrapper[0], knowsAgents: instrumented };
  for (const container of workload) {
    const image = container.command.length > 0 ? undefined : imageOf(container);
    const argv = argvOf(container, image?.ok === true ? image.config : undefined);
    const found = otherTracer({ name: container.name, image: container.image, argv }, own, known);
    if (found !== undefined) return found;
  }
  return undefined;
}
