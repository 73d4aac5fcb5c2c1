import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const prefix = 'outrider-node-';
const cgroups = '/sys/fs/cgroup';

/** Where a cluster keeps everything, and the cgroup of the same name, below which its pods are. */
export interface StateFolder {
  readonly path: string;
  readonly cgroup: string;
  /** Held locked by every process of the cluster, so that it is known to live: a file descriptor to hand down. */
  readonly lock: number;
  /** Removes both, once every process of the cluster has ended. */
  remove(): Promise<void>;
}

/** Makes a folder and a cgroup for a cluster, after sweeping away those of clusters that were killed. */
export function createStateFolder(): StateFolder {
  sweep();
  // Under another name until it is locked: a sweep next to this one would take it for a dead one's.
  const made = mkdtempSync(join(tmpdir(), `new-${prefix}`));
  const lock = openSync(join(made, 'lock'), 'w');
  spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', lock] });
  const path = join(tmpdir(), basename(made).slice('new-'.length));
  renameSync(made, path);
  const cgroup = basename(path);
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, cgroup));
  return {
    path,
    cgroup,
    lock,
    remove: async () => {
      closeSync(lock);
      // The kernel takes a moment to bury a whole PID namespace.
      for (let attempt = 0; attempt < 100 && !removeRemains(path); attempt++) await sleep(100);
      if (existsSync(path)) throw new Error(`${path} and cgroup ${cgroup} could not be removed`);
    },
  };
}

/** Removes what killed clusters left behind: empty cgroups and state folders. Those of living ones are locked. */
export function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(prefix)) removeRemains(join(tmpdir(), name));
  }
}

/** The folder goes last: as long as it is there, its cgroups will be found. */
function removeRemains(path: string): boolean {
  const isDead = spawnSync('flock', ['--nonblock', join(path, 'lock'), 'true']).status === 0;
  if (!isDead) return false;
  const removed = hierarchies().map((hierarchy) => removeCgroup(join(hierarchy, basename(path))));
  if (removed.includes(false)) return false;
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  return true;
}

/** cgroup v2 has one hierarchy, v1 one for each controller. */
function hierarchies(): readonly string[] {
  if (existsSync(join(cgroups, 'cgroup.controllers'))) return [cgroups];
  const linksLeftOut = readdirSync(cgroups, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return linksLeftOut.map(({ name }) => join(cgroups, name));
}

/** A cgroup is removed as a folder, from below; its files are not files. */
function removeCgroup(path: string): boolean {
  if (!existsSync(path)) return true;
  const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (below.map(({ name }) => removeCgroup(join(path, name))).includes(false)) return false;
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
