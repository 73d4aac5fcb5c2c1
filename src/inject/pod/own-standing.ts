import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { stringOf } from '../../model/json.js';
import { runsWrapper } from '../argv.js';
import { openPodContext, type PodContext } from './context.js';
import { isNameOf } from './identify.js';
import type { OwnPart, OwnParts } from './own-parts.js';
import type { ContainerView, PodView } from './view.js';

/** How a policy instruments pods. */
export interface Outfit {
  readonly recipe: Recipe;
  readonly wishes: Wishes;
  readonly parts: OwnParts;
}

/** A container of a running pod that is a part of the instrumentation, of whatever version. */
export interface StandingPart {
  readonly part: OwnPart;
  readonly container: ContainerView;
  /** The image of this part in a new pod; `undefined` if that has no such part. */
  readonly image: string | undefined;
  /** Whether it may write to the agent's files. False for one that only counts by its name, next to one that was found. */
  readonly brings: boolean;
}

const ownParts: readonly OwnPart[] = ['tools', 'files', 'agent'];

/**
 * The containers of a running pod that are ours by a policy. They are recognised by what they are, as in a new pod, and, in
 * a pod in which the tracer starts something, by their names. So a part stays ours if someone has put another image into it,
 * even next to a container that an author made to be found in its place. What the tracer starts is not ours.
 */
export function standingParts(view: PodView, outfit: Outfit, facts: ClusterFacts): readonly StandingPart[] {
  const { recipe, wishes, parts } = outfit;
  const opened = openPodContext(view, recipe, wishes, facts, parts);
  const context = 'reason' in opened ? undefined : opened;
  const all = [...view.initContainers, ...view.containers];
  const workload = new Set(context?.workload ?? all);
  const isInstrumented = startsTracer(view, recipe);
  return ownParts.flatMap((part): readonly StandingPart[] => {
    const base = parts.nameOf(part);
    if (base === undefined) return [];
    const named = all.filter(
      ({ name, command }) => isNameOf(base, name) && !runsWrapper(command, recipe.wrapper ?? []),
    );
    const found = named.filter((container) => !workload.has(container));
    const image = context === undefined ? undefined : imageOf(part, base, context);
    return (isInstrumented ? named : found).map((container) => {
      return { part, container, image, brings: found.length === 0 || found.includes(container) };
    });
  });
}

/** Whether the program of a recipe's tracer starts a container of a pod. */
export function startsTracer(view: PodView, { wrapper = [] }: Pick<Recipe, 'wrapper'>): boolean {
  const isStarted = ({ command }: ContainerView): boolean => runsWrapper(command, wrapper);
  return view.containers.some(isStarted) || view.initContainers.some(isStarted);
}

function imageOf(part: OwnPart, base: string, { parts, delivery, around }: PodContext): string | undefined {
  return stringOf(parts.make(part, base, parts.volumeNames(delivery), around)?.['image']);
}
