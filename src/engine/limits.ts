import type { Finding, Step } from '../model/decision.js';
import type { Plan } from '../inject/pod/plan.js';
import type { PodContext } from '../inject/pod/context.js';
import type { Engine, PodRequest } from './engine.js';

/**
 * Learns what the namespace asks of amounts, where containers of ours may have to be added. That is not so for a pod
 * that is instrumented already: what is in it is judged by what it needs, so the validating door only waits if it is
 * about to deny.
 */
export function prepareLimits(
  { namespace, door, lookUp, admitted }: PodRequest,
  context: PodContext,
  { limits }: Engine,
): Promise<void> | undefined {
  if (limits === undefined || !admitted || !addsContainers(context)) return undefined;
  return limits.prepare(namespace, door, lookUp);
}

/** What is said about a pod whose namespace is not known: its new containers have the recipe's own amounts. */
export function unknownLimits({ namespace }: PodRequest, context: PodContext, { limits }: Engine): Finding | undefined {
  if (limits === undefined || !addsContainers(context) || limits.of(namespace) !== undefined) return undefined;
  const why = limits.trouble(namespace) ?? 'they did not come in time';
  return { reason: 'resources_not_fitted', detail: `LimitRanges and quotas of ${namespace} are not known: ${why}` };
}

/** What is said about amounts that are other than the recipe's. */
export function fittedStep({ initContainers, containers }: Plan): Step {
  const added = [...initContainers, ...containers].filter(({ present }) => present === undefined);
  const amounts = added.map(({ name, value }) => `${name} ${JSON.stringify(value['resources'])}`);
  return { subject: 'resources', result: 'note', detail: `fitted to the namespace and the pod: ${amounts.join(', ')}` };
}

function addsContainers({ recipe, delivery, instrumented }: PodContext): boolean {
  if (instrumented) return false;
  return recipe.sidecar !== undefined || (delivery === 'Copy' && recipe.volume?.copy !== undefined);
}
