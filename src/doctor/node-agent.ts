import type { Distribution } from './distribution.js';
import { atLeast, parseVersion, type Release } from './version.js';

/** Whether the vendor's eBPF agent can run: as documented, as far as one can tell, or not. */
export interface NodeAgentFit {
  readonly fit: 'yes' | 'unlisted' | 'no';
  readonly detail: string;
}

/** Oldest versions on the vendor's list, by os-release's ID. */
const listed: Readonly<Record<string, Release>> = {
  ubuntu: [18, 4, 0],
  debian: [10, 0, 0],
  amzn: [2, 0, 0],
  sles: [12, 0, 0],
  rhel: [7, 0, 0],
  centos: [7, 0, 0],
  fedora: [26, 0, 0],
  ol: [7, 0, 0],
};
/** Distributions whose 3.10 kernel has eBPF carried back, and the oldest build that has it. */
const backported = new Set(['rhel', 'centos', 'ol']);
const backportedBuild = /^3\.10\.0-(\d+)/;
const oldestBackportedBuild = 957;
const oldestKernel: Release = [4, 14, 0];

/**
 * Judges whether the vendor's node agent, which works by eBPF, can run on a kernel and a distribution.
 *
 * @param release the kernel's release, as `uname -r` prints it
 */
export function judgeNodeAgent(release: string, distribution: Distribution): NodeAgentFit {
  const kernel = parseVersion(release);
  if (kernel === undefined) return { fit: 'no', detail: `the kernel’s release ${release || '(none)'} is not readable` };
  if (!atLeast(kernel, oldestKernel) && !hasBackport(release, distribution)) {
    return { fit: 'no', detail: `kernel ${release} is older than 4.14 and has no eBPF carried back` };
  }
  if (/microsoft|linuxkit|WSL2/i.test(release)) {
    return { fit: 'unlisted', detail: `kernel ${release} is a custom build, which the vendor does not support` };
  }
  const oldest = Object.hasOwn(listed, distribution.id) ? listed[distribution.id] : undefined;
  if (oldest === undefined) {
    const preview = distribution.id === 'cos' ? ', and the vendor supports it as a preview from version 93' : '';
    return {
      fit: 'unlisted',
      detail: `kernel ${release} suffices; ${distribution.name || 'the distribution'} is not on the vendor’s list${preview}`,
    };
  }
  const version = parseVersion(distribution.version) ?? parseVersion(`${distribution.version}.0`);
  if (version === undefined || !atLeast(version, oldest)) {
    return {
      fit: 'unlisted',
      detail: `${distribution.name} is older than the vendor’s list, or its version is not known`,
    };
  }
  return { fit: 'yes', detail: `kernel ${release} on ${distribution.name}` };
}

function hasBackport(release: string, { id }: Distribution): boolean {
  return backported.has(id) && Number(backportedBuild.exec(release)?.[1] ?? 0) >= oldestBackportedBuild;
}
