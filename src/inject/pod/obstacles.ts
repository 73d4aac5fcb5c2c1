import { isObject, listOf, objectOf, stringOf } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import { mostTolerations, type Blocker, type Exemption } from '../../model/exemption.js';
import { compileGlobs } from '../../model/glob.js';
import { obstacleOrder } from '../../model/obstacle-order.js';
import type { Obstacle } from '../../model/profile.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import { portTaken, takenPort } from '../ports.js';
import { virtualNodeByAffinity, windowsByPlacement } from './placement.js';
import type { ContainerView, PodView } from './view.js';

/** Annotation that a kubelet puts on the mirror of a static pod. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** How a pod's own fields say that it has an obstacle (E24, E25). */
const shapes: Readonly<Record<Exclude<Obstacle, 'sandboxed_runtime'>, (view: PodView) => string | undefined>> = {
  mirror_pod: ({ annotations }) => (mirrorAnnotation in annotations ? `annotation ${mirrorAnnotation}` : undefined),
  windows: ({ spec }) => windows(spec),
  virtual_node: ({ spec }) => virtualNode(spec),
  host_network: ({ spec }) => (spec['hostNetwork'] === true ? 'spec.hostNetwork is true' : undefined),
  host_pid: ({ spec }) => (spec['hostPID'] === true ? 'spec.hostPID is true' : undefined),
  process_namespace_refused: ({ spec }) =>
    spec['shareProcessNamespace'] === false ? 'spec.shareProcessNamespace is false' : undefined,
};

/** Further such fields that no match condition checks. The webhook is called for such a pod, and skips it. */
const placements: Partial<Record<Obstacle, (view: PodView, enforced: boolean) => string | undefined>> = {
  windows: windowsByPlacement,
  virtual_node: virtualNodeByAffinity,
};

/**
 * Finds the accepted reason that exempts a pod from everything else. The match conditions of `policy/exempt.ts` express the
 * same in CEL. Change both together.
 */
export function findExemption(view: PodView, exemptions: readonly Exemption[]): Finding | undefined {
  for (const { reason, unless } of exemptions) {
    const detail = shapes[reason](view);
    if (detail !== undefined && !unless.some((blocker) => mayHave(blocker, view))) return { reason, detail };
  }
  return undefined;
}

/** Whether a pod may have an obstacle. It does not check which runtime classes are sandboxes, and searches no long list. */
function mayHave(blocker: Blocker, view: PodView): boolean {
  const { runtimeClassName, tolerations } = view.spec;
  if (blocker === 'sandboxed_runtime') return runtimeClassName !== undefined && runtimeClassName !== null;
  if (blocker === 'virtual_node' && listOf(tolerations).length > mostTolerations) return true;
  return shapes[blocker](view) !== undefined;
}

/**
 * Finds what keeps a recipe from being used on a pod at all.
 *
 * @param native whether the agent will be a native sidecar
 * @param enforced whether the pod's author is not trusted
 */
export function findObstacle(
  view: PodView,
  recipe: Recipe,
  facts: ClusterFacts,
  native: boolean,
  enforced: boolean,
): Finding | undefined {
  for (const reason of obstacleOrder) {
    if (!recipe.skipWhen.has(reason)) continue;
    if (reason === 'process_namespace_refused' && !recipe.shareProcessNamespace) continue;
    const detail =
      reason === 'sandboxed_runtime'
        ? sandbox(view.spec, facts)
        : (shapes[reason](view) ?? placements[reason]?.(view, enforced));
    if (detail !== undefined) return { reason, detail };
  }
  return native || recipe.sidecar === undefined ? undefined : mustFinish(view.spec);
}

function windows(spec: JsonObject): string | undefined {
  if (objectOf(spec['os'])?.['name'] === 'windows') return 'spec.os.name is windows';
  const selector = objectOf(spec['nodeSelector']);
  for (const label of ['kubernetes.io/os', 'beta.kubernetes.io/os']) {
    if (selector?.[label] === 'windows') return `spec.nodeSelector ${label} is windows`;
  }
  return undefined;
}

/** The taint and the label that the Virtual Kubelet project documents. */
function virtualNode(spec: JsonObject): string | undefined {
  if (objectOf(spec['nodeSelector'])?.['type'] === 'virtual-kubelet')
    return 'spec.nodeSelector type is virtual-kubelet';
  const tolerated = listOf(spec['tolerations']).some(
    (toleration) => isObject(toleration) && toleration['key'] === 'virtual-kubelet.io/provider',
  );
  return tolerated ? 'the pod tolerates virtual-kubelet.io/provider' : undefined;
}

function sandbox(spec: JsonObject, facts: ClusterFacts): string | undefined {
  const name = stringOf(spec['runtimeClassName']);
  if (name === undefined || !compileGlobs(facts.sandboxedRuntimeClasses)(name)) return undefined;
  return `spec.runtimeClassName is ${name}`;
}

/**
 * Finds a container that declares a port of the agent's. If a pod has an agent of its own, that comes first.
 *
 * @param workload the containers that are not ours
 */
export function findTakenPort(workload: readonly ContainerView[], { sidecar }: Recipe): Finding | undefined {
  if (sidecar === undefined || sidecar.ports.length === 0) return undefined;
  for (const container of workload) {
    for (const port of listOf(container.value['ports'])) {
      if (!isObject(port) || typeof port['containerPort'] !== 'number') continue;
      const taken = takenPort(sidecar.ports, port['containerPort'], stringOf(port['protocol']) ?? 'TCP');
      if (taken !== undefined) return portTaken(container.name, taken);
    }
  }
  return undefined;
}

/** A pod that does not restart forever has to end, and a plain sidecar does not (E26). */
function mustFinish(spec: JsonObject): Finding | undefined {
  const policy = spec['restartPolicy'];
  if (policy !== 'Never' && policy !== 'OnFailure') return undefined;
  return { reason: 'job_needs_native_sidecar', detail: `spec.restartPolicy is ${policy}` };
}
