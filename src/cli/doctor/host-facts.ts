import { readFile } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '../../doctor/host.js';

/**
 * Reads the facts about this machine.
 *
 * @param root folder that stands for the root of the file system
 */
export async function readHostFacts(root = '/'): Promise<HostFacts> {
  const read = async (path: string): Promise<string | undefined> =>
    readFile(join(root, path), 'utf8').catch(() => undefined);
  return {
    platform: platform(),
    architecture: arch(),
    kernelRelease: ((await read('proc/sys/kernel/osrelease')) ?? release()).trim(),
    osRelease: (await read('etc/os-release')) ?? (await read('usr/lib/os-release')),
    ptraceScope: await read('proc/sys/kernel/yama/ptrace_scope'),
    selfStatus: await read('proc/self/status'),
    cgroup2: (await read('sys/fs/cgroup/cgroup.controllers')) !== undefined,
  };
}
