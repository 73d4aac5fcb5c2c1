import type { Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { ContainerView, PodView } from './view.js';

/** The uids of what a recipe adds that are to be nobody else's. */
function ownUsers({ volume, sidecar }: Recipe, { openShift, agentUser }: ClusterFacts): readonly number[] {
  if (openShift) return [];
  const users = volume?.copy === undefined ? [] : [agentUser];
  return sidecar?.runAs === 'Own' ? [...users, sidecar.runAsUser ?? agentUser] : users;
}

/** The uid that the kubelet starts a container with; `undefined` where only its image says so. */
function userOf(container: ContainerView, { spec }: PodView): number | undefined {
  const own = objectOf(container.value['securityContext'])?.['runAsUser'];
  const user = own ?? objectOf(spec['securityContext'])?.['runAsUser'];
  return typeof user === 'number' ? user : undefined;
}

/**
 * A container of the workload that runs as the user of what we add: it may read the agent's environment (F7). Where the
 * pod gives none, its image's own USER counts, if that is known anyway.
 */
export function agentUserTaken(
  workload: readonly ContainerView[],
  view: PodView,
  recipe: Recipe,
  facts: ClusterFacts,
  imageOf: (container: ContainerView) => ImageOutcome | undefined,
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
 * An init container that stands before the last of the steps that bring the agent's files, and could write to their volume
 * through `/proc`: it runs as root or as our user, or nobody knows as whom, or may trace others (F7).
 *
 * @param lastStep place of the last of these steps in the pod
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
