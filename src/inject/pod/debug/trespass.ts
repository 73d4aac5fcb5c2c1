/**
 * What a debug container must not have if the person who debugs is not trusted. It is in the pod's process namespace and may
 * mount the pod's volumes, so it could change the tracer for the next start, or replace the agent.
 */
import type { Finding } from '../../../model/decision.js';
import type { ImageOutcome } from '../../../model/image.js';
import { isObject, listOf, objectOf, stringOf } from '../../../model/json.js';
import type { ClusterFacts, Recipe } from '../../../model/recipe.js';
import { agentUserTaken, userOf } from '../agent-user.js';
import { mountsOtherwise } from '../mounts.js';
import type { ContainerBody, PodView } from '../view.js';
import { otherMount } from './plan-debug.js';
import type { FoundFiles } from './tracer-files.js';

/** What is needed to judge debug containers of one pod. */
export interface TrespassTerms {
  readonly view: PodView;
  readonly recipe: Recipe;
  readonly facts: ClusterFacts;
  readonly found: FoundFiles;
  /** Whether the policy prefers security. Then no other container may trace. */
  readonly security: boolean;
}

/**
 * The first thing that a new debug container has but must not have.
 *
 * @param image what is known about its image; only its USER matters
 */
export function findTrespass(
  container: ContainerBody,
  image: ImageOutcome | undefined,
  terms: TrespassTerms,
): Finding | undefined {
  return (
    otherMountOfOurs(container, terms.found) ??
    asAgent(container, image, terms) ??
    (terms.security ? mayTraceOthers(container, terms.view) : undefined)
  );
}

function otherMountOfOurs(container: ContainerBody, { volumes, files }: FoundFiles): Finding | undefined {
  const planned = 'mounts' in files ? files.mounts : [];
  for (const volume of volumes) {
    if (!mountsOtherwise(container, volume, planned)) continue;
    const mount = listOf(container.value['volumeMounts']).find((one) => isObject(one) && one['name'] === volume);
    const place = stringOf(objectOf(mount)?.['mountPath']) ?? volume;
    return { reason: 'debug_mount_forbidden', detail: otherMount(container, place) };
  }
  return undefined;
}

/** Whether a debug container runs as the agent's user. */
function asAgent(
  container: ContainerBody,
  image: ImageOutcome | undefined,
  { view, recipe, facts }: TrespassTerms,
): Finding | undefined {
  const taken = agentUserTaken([container], view, recipe, facts, () => image);
  return taken && { reason: 'debug_user_forbidden', detail: `debug ${taken.detail}` };
}

/** The capability that lets a container's root trace the processes next to it. */
const tracing = 'SYS_PTRACE';
/**
 * Capabilities that let it make a read-only mount writable, or reach the node's memory or files, and so everything in the
 * pod.
 */
const reaching = [
  'SYS_ADMIN',
  'ALL',
  'DAC_READ_SEARCH',
  'SYS_MODULE',
  'SYS_RAWIO',
  'BPF',
  'PERFMON',
  'CHECKPOINT_RESTORE',
];

/**
 * Whether a debug container is privileged, or may trace processes that are not its own. Only root gets added capabilities.
 */
function mayTraceOthers(container: ContainerBody, view: PodView): Finding | undefined {
  const security = objectOf(container.value['securityContext']);
  const denied = (what: string): Finding => ({
    reason: 'debug_privilege_forbidden',
    detail: `debug container ${container.name} ${what}`,
  });
  if (security?.['privileged'] === true) return denied('is privileged');
  const added = listOf(objectOf(security?.['capabilities'])?.['add']).map(
    (name) => stringOf(name)?.toUpperCase().replace(/^CAP_/, '') ?? '',
  );
  const mayBe = mayBeRoot(container, view);
  if (mayBe && added.includes(tracing)) return denied(`has ${tracing} and may run as root`);
  // Without its tracer, a setuid program of the image turns any user into root, with everything that the container may have.
  const mayBecome = mayBe || security?.['allowPrivilegeEscalation'] !== false;
  const capability = mayBecome ? reaching.find((name) => added.includes(name)) : undefined;
  return capability === undefined ? undefined : denied(`has ${capability} and may become root`);
}

/** Whether a container may run as root: unless the pod says so, its image decides. */
function mayBeRoot(container: ContainerBody, view: PodView): boolean {
  const user = userOf(container, view);
  if (user !== undefined) return user === 0;
  const own = objectOf(container.value['securityContext'])?.['runAsNonRoot'];
  return (own ?? objectOf(view.spec['securityContext'])?.['runAsNonRoot']) !== true;
}
