/**
 * What can be seen of an instrumentation whose plan is not known: whether a container starts with a tracer's wrapper, whether
 * that comes from a volume that brings files and not from the container's own image, and whether an agent is there.
 */
import { agentProfilesOf } from '../../inject/other-tracer.js';
import { mountPoint } from '../../inject/path.js';
import type { ContainerView, PodView } from '../../inject/pod/view.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { KnownTracers } from '../../model/tracers.js';

/** `whole`: all three are there. `broken`: one is not as any version makes it. `absent`: nothing of a tracer is there. */
export type Structure =
  { readonly found: 'whole' } | { readonly found: 'absent' } | { readonly found: 'broken'; readonly detail: string };

/** Looks at a pod's containers and volumes alone. */
export function structureOf(view: PodView, tracers: KnownTracers): Structure {
  const all = [...view.initContainers, ...view.containers];
  const wrapped = all.filter((container) => startsWithWrapper(container, tracers));
  const agents = all.filter(({ name, image }) => agentProfilesOf({ name, image }, tracers).length > 0);
  if (wrapped.length === 0) {
    if (agents.length === 0) return { found: 'absent' };
    return { found: 'broken', detail: 'no container starts with a known wrapper' };
  }
  for (const container of wrapped) {
    const trouble = sourceTrouble(container, view);
    if (trouble !== undefined) return { found: 'broken', detail: trouble };
  }
  return agents.length === 0
    ? { found: 'broken', detail: 'no container runs a known agent’s image' }
    : { found: 'whole' };
}

function startsWithWrapper({ command }: ContainerView, { wrappers }: KnownTracers): boolean {
  const [program] = command;
  const known = program === undefined ? undefined : wrappers.get(program);
  return known?.some(({ words }) => words.every((word, index) => command[index + 1] === word)) === true;
}

/** What is wrong with where a container's wrapper comes from. */
function sourceTrouble({ name, command, value }: ContainerView, { volumes }: PodView): string | undefined {
  const program = command[0] ?? '';
  let deepest: { readonly path: string; readonly volume: string } | undefined;
  for (const item of listOf(value['volumeMounts'])) {
    const mount = objectOf(item);
    const path = mountPoint(stringOf(mount?.['mountPath']) ?? '');
    // A mount at the program itself is one, too.
    if (!`${program}/`.startsWith(path) || path.length < (deepest?.path.length ?? 0)) continue;
    deepest = { path, volume: stringOf(mount?.['name']) ?? '' };
  }
  if (deepest === undefined) return `the wrapper of container ${name} comes from its own image`;
  const volume = volumes.find((one) => one['name'] === deepest.volume);
  const brings = objectOf(volume?.['emptyDir']) ?? objectOf(volume?.['image']);
  return brings === undefined ? `the wrapper of container ${name} comes from volume ${deepest.volume}` : undefined;
}
