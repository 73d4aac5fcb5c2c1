import type { Finding } from '../../model/decision.js';
import { isObject, objectOf, stringsOf, type JsonObject } from '../../model/json.js';
import type { Wishes } from '../../model/wishes.js';
import { isWrapped } from '../argv.js';
import type { PlannedExec } from './plan.js';
import type { ContainerView } from './view.js';

const noExecs: readonly PlannedExec[] = [];
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const hooks = ['postStart', 'preStop'] as const;

/** Exec probes and lifecycle hooks start outside the traced tree (E20): wrapped where the policy covers them. */
export function planExecs(
  container: ContainerView,
  wrapper: readonly string[],
  cover: Wishes['cover'],
  remarks: Finding[],
): readonly PlannedExec[] {
  let execs: PlannedExec[] | undefined;
  let uncovered: string[] | undefined;
  const look = (handler: JsonObject, pointer: string, covered: boolean): void => {
    const command = stringsOf(objectOf(handler['exec'])?.['command']);
    if (command === undefined || command.length === 0 || isWrapped(command, wrapper)) return;
    if (covered) (execs ??= []).push({ pointer: `${pointer}/exec/command`, command: [...wrapper, ...command] });
    else (uncovered ??= []).push(pointer);
  };
  for (const name of probes) {
    const probe = container.value[name];
    if (isObject(probe)) look(probe, `/${name}`, cover.has('Probes'));
  }
  const lifecycle = container.value['lifecycle'];
  if (isObject(lifecycle)) {
    for (const name of hooks) {
      const hook = lifecycle[name];
      if (isObject(hook)) look(hook, `/lifecycle/${name}`, cover.has('Lifecycle'));
    }
  }
  if (uncovered !== undefined) {
    const which = uncovered.map((pointer) => pointer.slice(1)).join(', ');
    remarks.push({
      reason: 'probe_not_covered',
      detail: `container ${container.name}: ${which} start outside the tracer`,
    });
  }
  return execs ?? noExecs;
}
