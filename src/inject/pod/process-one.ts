import { isObject, listOf, objectOf, stringsOf, type JsonObject } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { mustBePid1, speaksOfPid1 } from '../pid1.js';
import { argvOf } from './argv.js';
import type { PodContext } from './context.js';
import type { ContainerView } from './view.js';

/** Whether the injection is what makes the pod's containers share a process namespace. */
export function makesShared({ recipe, view }: PodContext): boolean {
  return recipe.shareProcessNamespace && view.spec['shareProcessNamespace'] !== true;
}

/**
 * Finds a container that must be process 1, in a pod that would get a shared process namespace, in which none of its
 * containers is (F22). Whether the container is covered, excluded or neither does not matter.
 *
 * @param imageOf what is known about a container's image; what is not known counts as no
 */
export function findPid1(
  context: PodContext,
  imageOf: (container: ContainerView) => ImageOutcome | undefined,
): Finding | undefined {
  if (!makesShared(context)) return undefined;
  for (const container of context.workload) {
    const given = container.command.length > 0;
    // An instrumented pod was already decided on, by what was known about images then.
    const image = given || context.instrumented ? undefined : imageOf(container);
    const config = image?.ok === true ? image.config : undefined;
    const word = mustBePid1(argvOf(container, config), given || config !== undefined);
    if (word === undefined) continue;
    const detail = `container ${container.name}: ${word} has to be process 1, which it is not in a process namespace that the pod’s containers share`;
    return { reason: 'pid1_in_pod', detail };
  }
  return undefined;
}

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const hooks = ['postStart', 'preStop'] as const;

/** Remarks about hooks and exec probes that assume process 1 to be the container's own. */
export function pid1Remarks({ recipe, workload }: PodContext, remarks: Finding[]): void {
  if (!recipe.shareProcessNamespace) return;
  for (const { name, value } of workload) {
    for (const probe of probes) look(value[probe], name, probe, remarks);
    const lifecycle = value['lifecycle'];
    if (!isObject(lifecycle)) continue;
    for (const hook of hooks) look(lifecycle[hook], name, `lifecycle.${hook}`, remarks);
  }
}

function look(handler: JsonObject[string], container: string, place: string, remarks: Finding[]): void {
  const exec = isObject(handler) ? objectOf(handler['exec']) : undefined;
  if (exec === undefined) return;
  const command = stringsOf(listOf(exec['command'])) ?? [];
  if (!speaksOfPid1(command)) return;
  remarks.push({
    reason: 'pid1_assumed',
    detail: `container ${container}: ${place} speaks of process 1, which is none of the container’s`,
  });
}
