import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const buildScript = fileURLToPath(new URL('../../../../test/e2e/cluster/build.sh', import.meta.url));
const setUp = 'run as root: bash test/node/setup.sh';

/** Programs of the machine, with the Debian package that each is from. */
const programs: Readonly<Record<string, string>> = {
  runc: 'runc',
  iptables: 'iptables',
  catatonit: 'catatonit',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  flock: 'util-linux',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  skopeo: 'skopeo',
  buildah: 'buildah',
  gcc: 'gcc',
  setcap: 'libcap2-bin',
};
/** Files, likewise. */
const files: Readonly<Record<string, string>> = {
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  '/usr/lib/cni/host-local': 'containernetworking-plugins',
};

/** Where what is built and fetched is kept: as test/e2e/cluster/binaries/building.sh has it. */
export function cacheFolder(): string {
  const { OUTRIDER_TEST_CACHE: given, XDG_CACHE_HOME: caches, HOME: home } = process.env;
  return given ?? join(caches ?? join(home ?? '', '.cache'), 'outrider-e2e');
}

/** The static busybox, wherever Debian's release has it. */
export function busyboxPath(): string {
  const path = ['/usr/bin/busybox', '/bin/busybox'].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`busybox is missing (package busybox-static); ${setUp}`);
  return path;
}

/**
 * Makes sure that all parts of a node are there. Returns the folder with the Kubernetes binaries.
 * @throws with everything that is missing, where it comes from, and what to run
 */
export function findParts(): string {
  if (process.platform !== 'linux') throw new Error('a node runs on Linux only');
  if (process.getuid?.() !== 0) throw new Error('a node needs root: it makes namespaces, mounts and cgroups');
  const missing = [
    ...Object.entries(programs).filter(([program]) => !isOnPath(program)),
    ...Object.entries(files).filter(([file]) => !existsSync(file)),
  ].map(([part, source]) => `${part} (package ${source})`);
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}; ${setUp}`);
  busyboxPath();
  const build = spawnSync('bash', [buildScript, '--node', '--where'], { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(build.stderr.trim());
  return build.stdout.trim();
}

function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}
