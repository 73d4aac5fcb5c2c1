import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import type { ClusterFacts, PodSecurityLevel } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import type { StringMap } from '../../model/selector.js';
import type { ContainerBody, ContainerView, PodView } from './view.js';

const enforceLabel = 'pod-security.kubernetes.io/enforce';
const fargateProfile = 'eks.amazonaws.com/fargate-profile';

/** Whether the capability is added to this pod's containers, with remarks. */
export interface CapabilityChoice {
  readonly add: boolean;
  readonly remark: Finding | undefined;
}

/**
 * Decides on the capability (E23). `Auto` leaves it out if Pod Security, Fargate or OpenShift would refuse the pod. A tracer
 * needs none for its own child.
 */
export function chooseCapability(
  capabilities: readonly string[],
  wish: Wishes['capability'],
  view: PodView,
  namespaceLabels: StringMap,
  facts: ClusterFacts,
): CapabilityChoice {
  if (capabilities.length === 0 || wish === 'Never') return { add: false, remark: undefined };
  const refused = whoRefuses(view, namespaceLabels, facts);
  if (refused === undefined) return { add: true, remark: undefined };
  const what = capabilities.join(', ');
  if (wish === 'Always') {
    return { add: true, remark: { reason: 'capability_refused', detail: `${what} is added although ${refused}` } };
  }
  return { add: false, remark: { reason: 'capability_left_out', detail: `${what} left out: ${refused}` } };
}

/**
 * The Pod Security level that a namespace enforces, or the cluster's default. An unknown level counts as restricted, as it
 * does for the admission plug-in (k8s.io/pod-security-admission, `ParseLevel`).
 */
function podSecurityLevel(namespaceLabels: StringMap, facts: ClusterFacts): PodSecurityLevel {
  const label = namespaceLabels[enforceLabel];
  if (label === undefined) return facts.podSecurityDefault;
  return label === 'privileged' || label === 'baseline' ? label : 'restricted';
}

function whoRefuses(view: PodView, namespaceLabels: StringMap, facts: ClusterFacts): string | undefined {
  const level = podSecurityLevel(namespaceLabels, facts);
  if (level !== 'privileged') return `Pod Security ${level} refuses it`;
  if (stringOf(view.spec['schedulerName']) === 'fargate-scheduler' || fargateProfile in view.labels) {
    return 'Fargate refuses it';
  }
  return facts.openShift ? 'OpenShift’s restricted constraints refuse it' : undefined;
}

/** The capabilities of the recipe that a container lacks and can be given (E22). */
export function missingCapabilities(container: ContainerBody, wanted: readonly string[]): readonly string[] {
  const security = objectOf(container.value['securityContext']);
  if (security?.['privileged'] === true) return [];
  const capabilities = objectOf(security?.['capabilities']);
  const added = listOf(capabilities?.['add']);
  const dropped = listOf(capabilities?.['drop']);
  // Nearly always all of them; then this is the recipe's own list.
  if (added.length === 0 && dropped.length === 0) return wanted;
  return wanted.filter((name) => !holds(added, name) && !added.includes('ALL') && !holds(dropped, name));
}

/** A remark if the capability cannot take effect: it is dropped by name, or the process is not root (pod-behaviour). */
export function capabilityRemark(
  container: ContainerView,
  view: PodView,
  wanted: readonly string[],
): Finding | undefined {
  const security = objectOf(container.value['securityContext']);
  if (security?.['privileged'] === true) return undefined;
  const dropped = listOf(objectOf(security?.['capabilities'])?.['drop']);
  const byName = wanted.find((name) => holds(dropped, name));
  if (byName !== undefined) {
    return { reason: 'capability_dropped', detail: `container ${container.name} drops ${byName} by name` };
  }
  const pod = objectOf(view.spec['securityContext']);
  const user = security?.['runAsUser'] ?? pod?.['runAsUser'];
  const nonRoot = security?.['runAsNonRoot'] ?? pod?.['runAsNonRoot'];
  if ((typeof user === 'number' && user !== 0) || (user === undefined && nonRoot === true)) {
    return {
      reason: 'capability_without_effect',
      detail: `container ${container.name} does not run as root; ${wanted.join(', ')} is not effective in it`,
    };
  }
  return undefined;
}

function holds(list: readonly unknown[], name: string): boolean {
  return list.includes(name) || list.includes(`CAP_${name}`);
}
