/**
 * Says which container a process is in, by its cgroup. The runtime puts the container's id into the path, in its own form:
 * `/kubepods/besteffort/podUID/ID`, `…/cri-containerd-ID.scope`, `…/crio-ID.scope/container`. A process in its own cgroup
 * namespace, which is usual on version 2, sees paths relative to its own cgroup: its own container as `/`, others as
 * `/../cri-containerd-ID.scope`.
 *
 * The outermost id counts, because a container may create further cgroups below its own and give them any name.
 *
 * @param ids containers of the pod by id
 * @returns `undefined` if no path names one of them, or if paths name different ones
 */
export function containerOf<Container>(
  paths: readonly string[],
  ids: ReadonlyMap<string, Container>,
): Container | undefined {
  const found = new Set(paths.flatMap((path) => outermost(path, ids) ?? []));
  const [only, ...others] = found;
  return others.length === 0 ? only : undefined;
}

function outermost<Container>(path: string, ids: ReadonlyMap<string, Container>): Container | undefined {
  for (const word of path.split(/[^0-9A-Za-z]+/)) {
    const container = ids.get(word);
    if (container !== undefined) return container;
  }
  return undefined;
}

/**
 * Whether a process is in the cgroup that the look is made from. The look has its own cgroup namespace and sees no path
 * upwards.
 *
 * @param isRelative whether other paths of the look lead up, and so are seen from such a namespace
 */
export function isOwnCgroup(paths: readonly string[], isRelative: boolean): boolean {
  return isRelative && paths.length > 0 && paths.every((path) => !leadsUp(path));
}

/** Whether a path leads out of the viewer's cgroup. */
export function leadsUp(path: string): boolean {
  return path === '/..' || path.startsWith('/../');
}

/** A container's id from its status: `containerd://ID`. */
export function idOf(containerId: string): string {
  return containerId.slice(containerId.lastIndexOf('/') + 1);
}
