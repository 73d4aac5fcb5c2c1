import type { Finding } from '../../model/decision.js';
import type { TaskRecipe } from '../../model/task-recipe.js';
import type { KnownTracers } from '../../model/tracers.js';
import { otherTracer } from '../other-tracer.js';
import { startOf } from './argv.js';
import { isAgentOnly } from './plan.js';
import type { TaskContainerView, TaskView } from './view.js';

/** Finds what shows that a task is instrumented by another profile (W27); the profile's own agent is adopted. */
export function findOtherTaskTracer(
  view: TaskView,
  recipe: TaskRecipe,
  workload: readonly TaskContainerView[],
  known: KnownTracers,
): Finding | undefined {
  if (isAgentOnly(recipe)) return undefined;
  const own = { profile: recipe.profile, program: recipe.wrapper[0], knowsAgents: true };
  for (const container of workload) {
    const { name, image } = container;
    const found = otherTracer({ name, image, argv: startOf(view, container) }, own, known);
    if (found !== undefined) return found;
  }
  return undefined;
}
