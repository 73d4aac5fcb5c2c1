import type { Finding } from '../../model/decision.js';
import { names } from '../../model/names.js';
import type { Plan } from './plan.js';
import type { PodView } from './view.js';

/** The parts of a plan that the pod lacks, in words; empty when the plan is met: the pod is done (E17). */
export function missingParts(plan: Plan): readonly string[] {
  const missing: string[] = [];
  if (plan.shareProcessNamespace) missing.push('spec.shareProcessNamespace');
  for (const { name, present } of plan.volumes) if (present === undefined) missing.push(`volume ${name}`);
  for (const { name, present } of plan.initContainers)
    if (present === undefined) missing.push(`init container ${name}`);
  for (const { name, present } of plan.containers) if (present === undefined) missing.push(`container ${name}`);
  for (const { container, command, env, mounts, capabilities, execs } of plan.workload) {
    const of = `of container ${container.name}`;
    if (command !== undefined) missing.push(`wrapper ${of}`);
    for (const { name } of env) missing.push(`variable ${name} ${of}`);
    for (const { mountPath } of mounts) missing.push(`mount ${mountPath} ${of}`);
    for (const capability of capabilities) missing.push(`capability ${capability} ${of}`);
    for (const { pointer } of execs) missing.push(`wrapper of ${pointer.slice(1)} ${of}`);
  }
  return missing;
}

/** Our own parts in a pod that differ from the plan; empty if each is as planned. */
export function differingParts({ volumes, initContainers, containers }: Plan): readonly string[] {
  return [...volumes, ...initContainers, ...containers]
    .filter(({ differences, restored }) => differences.length > 0 || restored !== undefined)
    .map(({ part, name }) => `${part === 'volume' ? 'volume' : 'container'} ${name} as planned`);
}

/**
 * Our own parts that a pod lacks although it carries our record: a webhook after ours removed them (E17). A pod's author can
 * write the record too, so this is only a remark.
 */
export function partsTakenOff({ volumes, initContainers, containers }: Plan, view: PodView): Finding | undefined {
  if (view.annotations[names.plan] === undefined) return undefined;
  const lost = [...volumes, ...initContainers, ...containers].filter(({ present }) => present === undefined);
  if (lost.length === 0) return undefined;
  const detail = `${[...new Set(lost.map(({ name }) => name))].join(', ')} had been taken off again`;
  return { reason: 'parts_taken_off', detail };
}
