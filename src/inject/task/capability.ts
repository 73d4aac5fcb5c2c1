import type { Finding } from '../../model/decision.js';
import { isArray, objectOf, type JsonValue } from '../../model/json.js';
import { isIntrinsic } from './dialect.js';
import { fieldOf, pointerOf, type TaskContainerView, type TaskView } from './view.js';

/** Pointer of the part of a container's capabilities that only deployment makes, so that nothing can be added to it. */
export function unknownCapabilities(view: TaskView, container: TaskContainerView): string | undefined {
  const parameters = fieldOf(view, container.value, 'linuxParameters');
  if (isIntrinsic(parameters)) return pointerOf(view, container, 'linuxParameters');
  const capabilities = fieldOf(view, objectOf(parameters) ?? {}, 'capabilities');
  if (isIntrinsic(capabilities)) return pointerOf(view, container, 'linuxParameters', 'capabilities');
  const add = fieldOf(view, objectOf(capabilities) ?? {}, 'add');
  return isIntrinsic(add) ? pointerOf(view, container, 'linuxParameters', 'capabilities', 'add') : undefined;
}

/**
 * The capabilities that a container lacks. One that it drops by name stays dropped.
 *
 * @param remarks gets what keeps a capability from having an effect
 */
export function missingCapabilities(
  view: TaskView,
  container: TaskContainerView,
  wanted: readonly string[],
  remarks: Finding[],
): readonly string[] {
  if (wanted.length === 0 || fieldOf(view, container.value, 'privileged') === true) return [];
  const parameters = objectOf(fieldOf(view, container.value, 'linuxParameters')) ?? {};
  const capabilities = objectOf(fieldOf(view, parameters, 'capabilities')) ?? {};
  const [added, dropped] = [fieldOf(view, capabilities, 'add'), fieldOf(view, capabilities, 'drop')];
  const byName = wanted.filter((name) => holds(dropped, name));
  if (byName.length > 0) {
    const detail = `container ${container.name} drops ${byName.join(', ')} by name`;
    remarks.push({ reason: 'capability_dropped', detail });
  }
  const user = fieldOf(view, container.value, 'user');
  if (user !== undefined && !isIntrinsic(user) && !/^(0|root)(:|$)/.test(text(user))) {
    const detail = `container ${container.name} does not run as root; ${wanted.join(', ')} is not effective in it`;
    remarks.push({ reason: 'capability_without_effect', detail });
  }
  return wanted.filter(
    (name) => !holds(added, name) && !(isArray(added) && added.includes('ALL')) && !holds(dropped, name),
  );
}

function holds(list: JsonValue | undefined, name: string): boolean {
  return isArray(list) && (list.includes(name) || list.includes(`CAP_${name}`));
}

function text(value: JsonValue): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
