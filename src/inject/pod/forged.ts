import type { Finding } from '../../model/decision.js';
import { agentUserTaken, firstBeforeSteps } from './agent-user.js';
import { ownResolver, redirectedHost } from './host-names.js';
import type { PlannedMember } from './plan.js';
import type { Planned, PlanInput } from './planned.js';

/** The result if nothing works against the agent. */
export const nothingWrong = { forged: undefined, obstacle: undefined };

/** The parts of the pod that work against the agent. Only a remark if the policy does not insist on the instrumentation. */
export function findForged(
  { context, excluded, imageOf }: PlanInput,
  initContainers: readonly PlannedMember[],
  remarks: Finding[],
): Pick<Planned, 'forged' | 'obstacle'> {
  const { recipe, view, wishes, workload } = context;
  const { facts } = context.around;
  const redirected = redirectedHost(view.spec, recipe.hosts);
  const detail = `${redirected ?? ''}, a host that the agent talks to`;
  const resolver = ownResolver(view.spec, recipe.hosts);
  if (resolver !== undefined) remarks.push({ reason: 'host_redirected', detail: resolver });
  const taken = agentUserTaken(workload, view, recipe, facts, imageOf);
  if (!wishes.enforced) {
    if (redirected !== undefined) remarks.push({ reason: 'host_redirected', detail });
    if (taken !== undefined) remarks.push(taken);
    return nothingWrong;
  }
  let lastStep = -1;
  for (const { part, index } of initContainers) if (part !== 'agent') lastStep = Math.max(lastStep, index ?? -1);
  const before = firstBeforeSteps(workload, view, recipe, facts, lastStep, excluded);
  return { forged: redirected === undefined ? before : { reason: 'tampered', detail }, obstacle: taken };
}
