import type { Finding } from '../../model/decision.js';
import { objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { parseQuantity } from '../../model/quantity.js';
import type { Recipe } from '../../model/recipe.js';
import { runsWrapper } from '../argv.js';
import { leastStepLimits } from './own-containers.js';
import type { StandingPart } from './own-standing.js';
import type { ContainerView, PodView } from './view.js';

/** A container of ours before and after an update. */
export interface ChangedPart extends Omit<StandingPart, 'brings'> {
  readonly after: ContainerView;
  readonly recipe: Recipe;
}

/**
 * Why to deny an update of our containers: another image than a policy plans for the part, or a limit that is lowered below
 * its minimum. Unchanged fields are ignored, because a denial would not remove them.
 *
 * @param changed each container, for every policy to which it may belong
 */
export function updateTrouble(changed: readonly ChangedPart[]): Finding | undefined {
  for (const one of changed) {
    const { container, after } = one;
    const same = changed.filter((other) => other.container === container);
    if (after.image !== container.image && !same.some(({ image }) => image === after.image)) {
      const planned = [...new Set(same.flatMap(({ image }) => image ?? []))];
      return { reason: 'update_of_agent_image', detail: `container ${container.name} is ours${plannedText(planned)}` };
    }
    const lowered = same.map(loweredLimit);
    const [first] = lowered;
    if (first !== undefined && lowered.every((limit) => limit !== undefined)) {
      return { reason: 'update_of_agent_resources', detail: `container ${container.name} is ours; ${first}` };
    }
  }
  return undefined;
}

function plannedText(planned: readonly string[]): string {
  return planned.length === 0 ? '' : `, with image ${planned.join(' or ')}`;
}

/** The message about a limit below the lowest allowed. */
function loweredLimit({ part, container, after, recipe }: ChangedPart): string | undefined {
  const { sidecar } = recipe;
  const least =
    part === 'agent' ? (sidecar?.minimumLimits ?? sidecar?.resources.limits ?? {}) : leastStepLimits(recipe);
  const [before, now] = [limitsOf(container), limitsOf(after)];
  for (const [name, amount] of Object.entries(least)) {
    const [wanted, was, is] = [amount, before?.[name], now?.[name]].map(amountOf);
    // Without a limit there is none to be below.
    if (is === undefined || wanted === undefined || is >= wanted) continue;
    if (was === undefined || is < was) return `its limit for ${name} is at least ${amount}`;
  }
  return undefined;
}

function limitsOf({ value }: ContainerView): JsonObject | undefined {
  return objectOf(objectOf(value['resources'])?.['limits']);
}

function amountOf(value: JsonValue | undefined): bigint | undefined {
  return value === undefined ? undefined : parseQuantity(value);
}

/**
 * A container of a pod after an update. An update neither adds containers nor changes their order; the API server would
 * refuse that.
 */
export function counterpartOf({ list, index }: ContainerView, after: PodView): ContainerView | undefined {
  return after[list][index];
}

/** The containers of the workload that the tracer starts and that get another image: their command stays. */
export function keepsCommand(
  before: PodView,
  after: PodView,
  { wrapper }: Pick<Recipe, 'wrapper'>,
  ours: ReadonlySet<ContainerView>,
): readonly string[] {
  if (wrapper === undefined) return [];
  return [...before.initContainers, ...before.containers]
    .filter((container) => {
      const other = counterpartOf(container, after);
      const isChanged = other !== undefined && other.image !== container.image;
      return isChanged && !ours.has(container) && runsWrapper(container.command, wrapper);
    })
    .map(({ name }) => name);
}
