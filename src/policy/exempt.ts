/**
 * Pods that the API server does not ask about at all (F20). A policy that prefers Security and admits a reason which
 * the pod alone proves lets such a pod in whatever else is found: so its webhooks need not be called, and the pod is
 * created while no replica answers, too. What is exempt is computed once for each policy. The engine checks it before
 * anything else, and the webhooks' match conditions say the same in CEL.
 */
import { mostTolerations, provenByPod, type Blocker, type Exemption, type ProvenByPod } from '../model/exemption.js';
import { obstacleOrder } from '../model/obstacle-order.js';
import type { PolicySpec } from '../model/policy.js';
import type { Obstacle } from '../model/profile.js';

/** One of the conditions in CEL that all have to hold before the API server calls a webhook. */
export type ExemptCondition = { readonly name: string; readonly expression: string };

/** What the names of our match conditions begin with: nobody else's may. */
export const exemptPrefix = 'exempt.outrider.dev/';

/** CEL expressions that are true for a pod with an obstacle. None can fail: each checks for a missing field first. */
const tests: Readonly<Record<Blocker, string>> = {
  mirror_pod: "has(object.metadata.annotations) && 'kubernetes.io/config.mirror' in object.metadata.annotations",
  windows: [
    "has(object.spec.os) && has(object.spec.os.name) && object.spec.os.name == 'windows'",
    ...['kubernetes.io/os', 'beta.kubernetes.io/os'].map((label) => selects(label, 'windows')),
  ].join(' || '),
  virtual_node: [
    selects('type', 'virtual-kubelet'),
    `has(object.spec.tolerations) && (object.spec.tolerations.size() > ${mostTolerations} || object.spec.tolerations.exists(t, has(t.key) && t.key == 'virtual-kubelet.io/provider'))`,
  ].join(' || '),
  // Which classes are sandboxes is a setting, so the webhook is called for any pod that names one.
  sandboxed_runtime: 'has(object.spec.runtimeClassName)',
  host_network: 'has(object.spec.hostNetwork) && object.spec.hostNetwork',
  host_pid: 'has(object.spec.hostPID) && object.spec.hostPID',
};

/**
 * Says which pods of a policy are exempt. None are unless the policy prefers Security and injects: elsewhere nothing is
 * denied for these reasons, or the policy only reports.
 *
 * @param skipWhen the obstacles that its profile has
 */
export function exemptionsOf(
  { prefer, mode, admitUninstrumented }: Pick<PolicySpec, 'prefer' | 'mode' | 'admitUninstrumented'>,
  skipWhen: ReadonlySet<Obstacle>,
): readonly Exemption[] {
  if (prefer !== 'Security' || mode !== 'Inject') return [];
  const admits: ReadonlySet<string> = new Set(admitUninstrumented);
  const exemptions: Exemption[] = [];
  const unless: Blocker[] = [];
  for (const obstacle of obstacleOrder) {
    if (!skipWhen.has(obstacle)) continue;
    if (!admits.has(obstacle)) {
      if (isBlocker(obstacle)) unless.push(obstacle);
    } else if (isProvenByPod(obstacle)) {
      exemptions.push({ reason: obstacle, unless: [...unless] });
    }
  }
  return exemptions;
}

/** The match conditions that keep exempt pods from the webhooks. */
export function exemptConditions(exemptions: readonly Exemption[]): readonly ExemptCondition[] {
  return exemptions.map(({ reason, unless }) => ({
    name: exemptPrefix + reason.replaceAll('_', '-'),
    // The common case, a pod without the obstacle, comes first: it costs the API server least.
    expression: [`!(${tests[reason]})`, ...unless.map((blocker) => `(${tests[blocker]})`)].join(' || '),
  }));
}

function isProvenByPod(obstacle: Obstacle): obstacle is ProvenByPod {
  return provenByPod.some((reason) => reason === obstacle);
}

function isBlocker(obstacle: Obstacle): obstacle is Blocker {
  return Object.hasOwn(tests, obstacle);
}

function selects(label: string, value: string): string {
  return `has(object.spec.nodeSelector) && '${label}' in object.spec.nodeSelector && object.spec.nodeSelector['${label}'] == '${value}'`;
}
