import { isLeftAlone, type NodeReport } from './node.js';
import { atLeast, parseVersion } from './version.js';

/** Whether a cluster can do something, and by what that is known: a part of a sentence, for people. */
export interface Capability {
  readonly holds: boolean;
  readonly because: string;
}

/** What of a node counts for what its cluster can do. */
export type CapableNode = Pick<NodeReport, 'kind' | 'nativeSidecars' | 'imageVolumes'>;

/** What the API server and the nodes together can do. */
export interface ClusterCapabilities {
  readonly nativeSidecars: Capability;
  readonly imageVolumes: Capability;
}

/**
 * Says what a cluster can do. Pure; `doctor` and the webhook ask the same.
 *
 * - Native sidecars: a server from 1.32 serves no kubelet older than 1.29 (version skew policy), which has them; else
 *   every Linux node's kubelet must be 1.29 or newer. Without a node only the server's version counts, since a wrong yes
 *   would keep pods from starting, and a wrong no only makes the agent a plain container.
 * - Image volumes: a server from 1.36, where they can no longer be switched off, and Linux nodes that all mount them
 *   rightly (E38). Without a node nobody knows.
 *
 * @param version of the server, such as `v1.36.3+k3s1`; `undefined` where it is not known
 * @param nodes `undefined` where they could not be read
 */
export function capabilitiesOf(
  version: string | undefined,
  nodes: readonly CapableNode[] | undefined,
): ClusterCapabilities {
  const linux = nodes?.filter(({ kind }) => !isLeftAlone(kind));
  return { nativeSidecars: nativeSidecars(version, linux), imageVolumes: imageVolumes(version, linux) };
}

function nativeSidecars(version: string | undefined, linux: readonly CapableNode[] | undefined): Capability {
  const parsed = version === undefined ? undefined : parseVersion(version);
  if (parsed !== undefined && atLeast(parsed, [1, 32, 0])) return yes(`the server is ${version ?? ''}`);
  if (parsed !== undefined && !atLeast(parsed, [1, 29, 0])) return no(`the server is ${version ?? ''}`);
  if (linux === undefined) return no('the nodes could not be read');
  if (linux.length === 0) return no('there is no Linux node yet');
  const old = linux.filter((node) => !node.nativeSidecars).length;
  if (old === 0) return yes('every kubelet is 1.29 or newer');
  return no(`${old} of ${linux.length} Linux nodes have a kubelet older than 1.29`);
}

function imageVolumes(version: string | undefined, linux: readonly CapableNode[] | undefined): Capability {
  const parsed = version === undefined ? undefined : parseVersion(version);
  if (parsed === undefined) return no('the server’s version is not known');
  if (!atLeast(parsed, [1, 36, 0])) return no(`the server is ${version ?? ''}, older than 1.36`);
  if (linux === undefined) return no('the nodes could not be read');
  if (linux.length === 0) return no('there is no Linux node yet');
  const able = linux.filter((node) => node.imageVolumes).length;
  if (able === linux.length) return yes('every Linux node runs containerd 2.2 or newer');
  return no(`${linux.length - able} of ${linux.length} Linux nodes are not known to mount them rightly`);
}

const yes = (because: string): Capability => ({ holds: true, because });
const no = (because: string): Capability => ({ holds: false, because });
