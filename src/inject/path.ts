import { posix } from 'node:path';

/** What cleaning a path would change; nearly no path has it. */
const unclean = /\/(?:\/|\.)/;

/**
 * Where a mount lands, with a slash at its end, so that one place is inside another where its text begins with it. The
 * runtime cleans a path, and takes a relative one from the root, while the API server and ECS compare paths as they are
 * written.
 */
export function mountPoint(mountPath: string): string {
  const path = mountPath.startsWith('/') && !unclean.test(mountPath) ? mountPath : posix.join('/', mountPath);
  return path.endsWith('/') ? path : `${path}/`;
}

/** Whether two paths lead to the same place, however they are written. */
export function isSamePlace(one: string, other: string): boolean {
  return one === other || mountPoint(one) === mountPoint(other);
}

/** The folder of a process: its `root` and `cwd` lead to any place of the container, and runtimes follow them. */
const ofProcess = /^\/proc\/(?:self|thread-self|\d+)\//;

/** Whether a mount point lies in a process's folder of `/proc`, so that what is mounted there may appear anywhere. */
export function isInProcess(place: string): boolean {
  return place.startsWith('/proc/') && ofProcess.test(place);
}

/** A mount point as people write it. */
export function withoutSlash(place: string): string {
  return place.length > 1 ? place.slice(0, -1) : place;
}
