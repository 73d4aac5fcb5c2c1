import type { Plan } from './plan.js';

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
