import type { NodeAgentOptions } from './options.js';

/** A part of the machine that the Agent's container sees. */
export interface HostPart {
  /** Name of its volume in a task definition. */
  readonly name: string;
  /** Path on the machine. */
  readonly path: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

const dockerSocket = '/var/run/docker.sock';

/** What one container that runs the whole Agent sees of the machine, by the vendor's manuals for Docker and ECS. */
export const hostParts: readonly HostPart[] = [
  { name: 'docker_sock', path: dockerSocket, containerPath: dockerSocket, readOnly: true },
  { name: 'proc', path: '/proc/', containerPath: '/host/proc/', readOnly: true },
  { name: 'cgroup', path: '/sys/fs/cgroup/', containerPath: '/host/sys/fs/cgroup', readOnly: true },
  { name: 'etc_passwd', path: '/etc/passwd', containerPath: '/etc/passwd', readOnly: true },
  { name: 'etc_group', path: '/etc/group', containerPath: '/etc/group', readOnly: true },
  { name: 'root', path: '/', containerPath: '/host/root', readOnly: true },
  // Probes are set by writing to it.
  { name: 'debug', path: '/sys/kernel/debug', containerPath: '/sys/kernel/debug', readOnly: false },
  { name: 'os_release', path: '/etc/os-release', containerPath: '/host/etc/os-release', readOnly: true },
];

/** The variables of such a container, in order; the API key is never among them. */
export function agentVariables(options: NodeAgentOptions): readonly (readonly [name: string, value: string])[] {
  const { site, tags, remoteConfiguration, networkEvents } = options;
  return [
    ['DD_SITE', site],
    ...(tags === undefined ? [] : [['DD_TAGS', tags] as const]),
    ['DD_RUNTIME_SECURITY_CONFIG_ENABLED', 'true'],
    ['DD_RUNTIME_SECURITY_CONFIG_NETWORK_ENABLED', String(networkEvents)],
    ['DD_REMOTE_CONFIGURATION_ENABLED', String(remoteConfiguration)],
    ['DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED', String(remoteConfiguration)],
    ['HOST_ROOT', '/host/root'],
  ];
}
