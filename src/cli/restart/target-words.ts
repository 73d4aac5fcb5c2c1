// How the workloads of a round are called, and by which commands they are looked at.
import { apiVersionOf } from '../../cluster/client/resources.js';
import type { FoundWorkload } from '../../cluster/rollout/list-workloads.js';
import { OutriderError } from '../../model/error.js';
import { objectOf } from '../../model/json.js';
import { workloadKind, type WorkloadKind } from '../../model/workload-kinds.js';
import { controllerIn, workloadOf, type Workload } from '../../model/workload-of.js';

/** The command that helps where a restart's new pods do not start. */
export function wayBack({ resource, name, namespace }: FoundWorkload): string {
  const { kind } = resource;
  const object = `${kind.toLowerCase()}/${name}`;
  return kind === 'Rollout'
    ? `kubectl -n ${namespace} describe ${object}.${resource.group}`
    : `kubectl -n ${namespace} rollout undo ${object}, for the pods as they were`;
}

/** The command that shows the state of a workload. */
export function describeCommand(target: FoundWorkload): string {
  return `kubectl -n ${target.namespace} describe ${called(target)}`;
}

/** The row of a target's kind. */
export function kindOf({ resource }: FoundWorkload): WorkloadKind {
  const row = workloadKind(resource.kind, apiVersionOf(resource));
  if (row === undefined) throw new OutriderError('internal', `${resource.kind} is no workload.`);
  return row;
}

/** A target as policies and people name it. */
export function workloadIn({ resource, name }: FoundWorkload): Workload {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name };
}

/** What makes the pods of a kind that is never restarted: the object itself, or the controller that a person knows it by. */
export function madeBy(target: FoundWorkload): Workload {
  const metadata = objectOf(target.object['metadata']) ?? {};
  const owner = target.resource.kind === 'Pod' ? workloadOf(metadata) : controllerIn(metadata);
  return owner ?? workloadIn(target);
}

/** A target as `kubectl` takes it, such as `deploy/web`. */
export function called(target: FoundWorkload): string {
  return `${kindOf(target).called}/${target.name}`;
}
