import { posix } from 'node:path';

const slash = 0x2f;
const dot = 0x2e;

/** Whether a path has a part that cleaning would change: an empty one, or one that begins with a dot. Few do. */
function isUnclean(path: string): boolean {
  for (let index = path.length - 1; index > 0; index--) {
    const code = path.charCodeAt(index);
    if ((code === slash || code === dot) && path.charCodeAt(index - 1) === slash) return true;
  }
  return false;
}

/**
 * Where a mount lands, with a slash at its end, so that one place is inside another if its text begins with the other's. The
 * runtime cleans a path, and takes a relative one from the root, while the API server and ECS compare paths as they are
 * written.
 */
export function mountPoint(mountPath: string): string {
  const path = mountPath.startsWith('/') && !isUnclean(mountPath) ? mountPath : posix.join('/', mountPath);
  return path.endsWith('/') ? path : `${path}/`;
}

/** Whether two paths lead to the same place, however they are written. */
export function isSamePlace(one: string, other: string): boolean {
  return one === other || mountPoint(one) === mountPoint(other);
}

/** The folder of a process. Its `root` and `cwd` lead to any place of the container, and runtimes follow them. */
const ofProcess = /^\/proc\/(?:self|thread-self|\d+)\//;

/** Whether a mount point lies in a process's folder of `/proc`, so that what is mounted there may appear anywhere. */
export function isInProcess(place: string): boolean {
  return place.startsWith('/proc/') && ofProcess.test(place);
}

/** A mount point as people write it. */
export function withoutSlash(place: string): string {
  return place.length > 1 ? place.slice(0, -1) : place;
}
