import type { Finding } from '../../model/decision.js';
import { isObject, objectOf, stringsOf, type JsonObject } from '../../model/json.js';
import type { Wishes } from '../../model/wishes.js';
import { isWrapped, takesOptions } from '../argv.js';
import { optionIn } from './leading-word.js';
import type { PlannedExec } from './plan.js';
import type { ContainerView } from './view.js';

const noExecs: readonly PlannedExec[] = [];
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const hooks = ['postStart', 'preStop'] as const;

/** Exec probes and lifecycle hooks start outside the traced tree (E20). They are wrapped if the policy covers them. */
export function planExecs(
  container: ContainerView,
  wrapper: readonly string[],
  cover: Wishes['cover'],
  remarks: Finding[],
): readonly PlannedExec[] {
  let execs: PlannedExec[] | undefined;
  let uncovered: string[] | undefined;
  eachExec(container, cover, (command, pointer, covered) => {
    if (isWrapped(command, wrapper)) return;
    if (covered) (execs ??= []).push({ pointer: `${pointer}/exec/command`, command: [...wrapper, ...command] });
    else (uncovered ??= []).push(pointer);
  });
  if (uncovered !== undefined) {
    const which = uncovered.map((pointer) => pointer.slice(1)).join(', ');
    remarks.push({
      reason: 'probe_not_covered',
      detail: `container ${container.name}: ${which} start outside the tracer`,
    });
  }
  return execs ?? noExecs;
}

/** A probe or hook to wrap whose first word the wrapper would take as its own option (F11). */
export function optionInExecs(
  container: ContainerView,
  wrapper: readonly string[],
  { cover, enforced }: Pick<Wishes, 'cover' | 'enforced'>,
): Finding | undefined {
  if (!takesOptions(wrapper) || !(cover.has('Probes') || cover.has('Lifecycle'))) return undefined;
  let found: Finding | undefined;
  eachExec(container, cover, (command, _pointer, covered) => {
    if (!covered) return;
    const word = command[isWrapped(command, wrapper) ? wrapper.length : 0] ?? '';
    found ??= optionIn(word, container.value, enforced);
  });
  return found;
}

/** Calls back for each exec probe and hook of a container that starts something. */
function eachExec(
  { value }: ContainerView,
  cover: Wishes['cover'],
  call: (command: readonly string[], pointer: string, covered: boolean) => void,
): void {
  const look = (handler: JsonObject, pointer: string, covered: boolean): void => {
    const command = stringsOf(objectOf(handler['exec'])?.['command']);
    if (command !== undefined && command.length > 0) call(command, pointer, covered);
  };
  for (const name of probes) {
    const probe = value[name];
    if (isObject(probe)) look(probe, `/${name}`, cover.has('Probes'));
  }
  const lifecycle = value['lifecycle'];
  if (isObject(lifecycle)) {
    for (const name of hooks) {
      const hook = lifecycle[name];
      if (isObject(hook)) look(hook, `/lifecycle/${name}`, cover.has('Lifecycle'));
    }
  }
}
