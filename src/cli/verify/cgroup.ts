/**
 * Says which container a process is in, by its cgroup. The runtime puts the container's id into the path, in forms of its
 * own: `/kubepods/besteffort/podUID/ID`, `…/cri-containerd-ID.scope`, `…/crio-ID.scope/container`. With a cgroup namespace of
 * its own, as is usual on version 2, who looks sees the path from where it stands: its own container as `/`, others as
 * `/../cri-containerd-ID.scope`.
 *
 * The outermost id counts: below its own cgroup a container may make others, and give them any name.
 *
 * @param ids containers of the pod by id
 * @returns `undefined` where no path names one of them, and where paths name different ones
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
 * Whether a process is in the cgroup that the look was made from: it has a cgroup namespace of its own, and sees no way up.
 *
 * @param isRelative whether other paths of the look lead up, and so are seen from such a namespace
 */
export function isOwnCgroup(paths: readonly string[], isRelative: boolean): boolean {
  return isRelative && paths.length > 0 && paths.every((path) => !leadsUp(path));
}

/** Whether a path leads out of the cgroup that it is seen from. */
export function leadsUp(path: string): boolean {
  return path === '/..' || path.startsWith('/../');
}

/** A container's id out of its status: `containerd://ID`. */
export function idOf(containerId: string): string {
  return containerId.slice(containerId.lastIndexOf('/') + 1);
}
