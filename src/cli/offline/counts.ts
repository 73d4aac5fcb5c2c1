import type { Outcome } from '../../engine/outcome.js';
import { reasons, type ReasonCode } from '../../model/reasons.js';

/** How many of the containers that the policy asks for are instrumented. */
export interface ContainerCount {
  readonly instrumented: number;
  readonly asked: number;
}

type Counted = Pick<Outcome, 'decision'> & { readonly plan: { readonly workload: readonly unknown[] } | undefined };

/** Counts a pod's or a task's containers by the decision. */
export function countContainers({ decision, plan }: Counted): ContainerCount {
  const injects = decision.decision === 'inject' || decision.decision === 'partial';
  const planned = plan?.workload.length ?? 0;
  return { instrumented: injects ? planned : 0, asked: planned + leftOut(decision).length };
}

/** The containers that a decision leaves out, each with its reason. */
export function leftOut({ decision, steps }: Outcome['decision']): Outcome['decision']['steps'] {
  const stops = steps.filter(({ result }) => result === 'stop');
  // The last step of a decision against the pod is about the pod, whatever its containers are called.
  return decision === 'skip' || decision === 'deny' ? stops.slice(0, -1) : stops;
}

/** The remedy for a task, where it differs from the one for a pod. */
const taskRemedies: Partial<Record<ReasonCode, string>> = {
  no_policy: 'Write a policy that selects the task by its tags, or use --profile.',
  pod_opted_out: 'Remove the tag, or set optOut: Forbidden in the policy.',
  credentials_missing: 'Give the setting accessKeySecretArn, the ARN of a secret or parameter.',
  image_unresolved:
    'Give the container an entryPoint, or say what its image starts with --image-config or an ImageMap.',
  host_network: 'Use networkMode awsvpc, or cover the host with a node agent.',
  host_pid: 'Leave pidMode out, or cover the host with a node agent.',
  windows: 'Exclude Windows tasks from the policy, or admit them with admitUninstrumented.',
  mount_path_taken: 'Move the container’s mount point.',
  entrypoint_empty: 'Give the container an entryPoint or a command.',
  annotation_ignored: 'Remove the tag.',
  annotation_names_unknown: 'Fix the tag.',
};

/**
 * The remedy, or `undefined` if nothing has to be done.
 *
 * @param of whether the reason is about a pod or a task
 */
export function remedyOf(reason: ReasonCode, of: 'pod' | 'task' = 'pod'): string | undefined {
  const remedy = (of === 'task' ? taskRemedies[reason] : undefined) ?? reasons[reason].remedy;
  return /^Nothing to do[.:]/.test(remedy) ? undefined : remedy;
}
