import type { Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { ContainerBody, ContainerView, PodView } from './view.js';

/** The uids of the parts that a recipe adds. No other container may have them. */
function ownUsers({ volume, sidecar }: Recipe, { openShift, agentUser }: ClusterFacts): readonly number[] {
  if (openShift) return [];
  const users = volume?.copy === undefined ? [] : [agentUser];
  return sidecar?.runAs === 'Own' ? [...users, sidecar.runAsUser ?? agentUser] : users;
}

/** The uid with which the kubelet starts a container; `undefined` if only its image says it. */
export function userOf(container: ContainerBody, { spec }: PodView): number | undefined {
  const own = objectOf(container.value['securityContext'])?.['runAsUser'];
  const user = own ?? objectOf(spec['securityContext'])?.['runAsUser'];
  return typeof user === 'number' ? user : undefined;
}

/**
 * A container of the workload that runs as the user of our parts, and so may read the agent's environment (F7). If the pod
 * gives no user, its image's own USER counts, if that is known anyway.
 */
export function agentUserTaken<Body extends ContainerBody>(
  workload: readonly Body[],
  view: PodView,
  recipe: Recipe,
  facts: ClusterFacts,
  imageOf: (container: Body) => ImageOutcome | undefined,
): Finding | undefined {
  const users = ownUsers(recipe, facts);
  if (users.length === 0) return undefined;
  for (const container of workload) {
    const given = userOf(container, view);
    const user = given ?? usersOf(imageOf(container))?.find((one) => users.includes(one));
    if (user === undefined || !users.includes(user)) continue;
    const by = given === undefined ? `, by the USER of ${container.image}` : '';
    return { reason: 'agent_user_taken', detail: `container ${container.name} runs as ${user}, the agent’s user${by}` };
  }
  return undefined;
}

function usersOf(image: ImageOutcome | undefined): readonly number[] | undefined {
  return image?.ok === true ? image.config.users : undefined;
}

/**
 * An init container that comes before the last step that brings the agent's files, and could write to their volume through
 * `/proc`: it runs as root, as our user or as an unknown user, or may trace others (F7).
 *
 * @param lastStep index of the last of these steps in the pod
 * @param excluded whether the operator names the container among the exclusions
 */
export function firstBeforeSteps(
  workload: readonly ContainerView[],
  view: PodView,
  recipe: Recipe,
  facts: ClusterFacts,
  lastStep: number,
  excluded: (container: ContainerView) => boolean,
): Finding | undefined {
  if (lastStep <= 0 || !(recipe.shareProcessNamespace || view.spec['shareProcessNamespace'] === true)) return undefined;
  const users = ownUsers(recipe, facts);
  for (const container of workload) {
    if (container.list !== 'initContainers' || container.index >= lastStep) continue;
    const user = userOf(container, view);
    const harmless = user !== undefined && user !== 0 && !users.includes(user) && !mayTrace(container);
    if (harmless || excluded(container)) continue;
    const detail = `init container ${container.name} stands before what brings the agent’s files, and could change them`;
    return { reason: 'tampered', detail };
  }
  return undefined;
}

function mayTrace({ value }: ContainerView): boolean {
  const security = objectOf(value['securityContext']);
  if (security?.['privileged'] === true) return true;
  return listOf(objectOf(security?.['capabilities'])?.['add']).some((capability) =>
    ['ALL', 'SYS_PTRACE'].includes((stringOf(capability) ?? '').toUpperCase().replace(/^CAP_/, '')),
  );
}
