import type { ProfileInput } from '../model/profile.js';
import { taskLog, taskSettings, taskSize } from './task-settings.js';

type Spec = ProfileInput['spec'];

/** Capabilities of system-probe: the vendor's manual for Docker, and the Helm chart’s default. */
export const agentCapabilities: readonly string[] = [
  'SYS_ADMIN',
  'SYS_RESOURCE',
  'SYS_PTRACE',
  'NET_ADMIN',
  'NET_BROADCAST',
  'NET_RAW',
  'IPC_LOCK',
  'CHOWN',
];

const dockerSocket = '/var/run/docker.sock';

/** Settings that only matter where the whole Agent is written down. */
export const nodeTaskSettings: NonNullable<Spec['settings']> = {
  site: {
    description: 'DD_SITE, the Datadog site, such as datadoghq.com or datadoghq.eu; tasks and render',
    default: 'datadoghq.com',
    pattern: '[A-Za-z0-9.-]{1,253}',
  },
  image: {
    description: 'the repository of the Agent’s image; tasks and render',
    default: 'public.ecr.aws/datadog/agent',
    pattern: '[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}',
  },
  version: {
    description: 'the tag of the Agent’s image; 7.46 is the oldest that the vendor supports for this; tasks and render',
    default: '7.81.1',
    pattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
  },
  tags: { description: 'DD_TAGS: KEY:VALUE, separated by blanks; tasks and render' },
  memoryMiB: {
    type: 'integer',
    description: 'ECS and Elastic Beanstalk: the memory limit of the Agent’s container, in MiB',
    default: 256,
    minimum: 128,
    maximum: 65536,
  },
  ...taskSettings('datadog-agent', 'datadog'),
};

/** One container that runs the whole Agent on a container instance, by the vendor's manuals for Docker and ECS. */
export const nodeTask: NonNullable<Spec['task']> = {
  agent: {
    name: '${settings.containerName}',
    repositories: [
      'public.ecr.aws/datadog/agent',
      'gcr.io/datadoghq/agent',
      'eu.gcr.io/datadoghq/agent',
      'asia.gcr.io/datadoghq/agent',
      'datadoghq.azurecr.io/agent',
      'registry.datadoghq.com/agent',
      'docker.io/datadog/agent',
      'datadog/agent',
    ],
    env: [
      { name: 'DD_API_KEY', secretFrom: 'accessKeySecretArn', dockerrunPlaceholder: '<YOUR_DD_API_KEY>' },
      { name: 'DD_SITE', value: '${settings.site}' },
      { name: 'DD_TAGS', value: '${settings.tags}' },
      { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
      { name: 'DD_RUNTIME_SECURITY_CONFIG_NETWORK_ENABLED', value: '${settings.networkEvents}' },
      { name: 'DD_REMOTE_CONFIGURATION_ENABLED', value: '${settings.remoteConfiguration}' },
      {
        name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
        value: '${settings.remoteConfiguration}',
      },
      { name: 'HOST_ROOT', value: '/host/root' },
    ],
    capabilities: [...agentCapabilities],
    hostMounts: [
      { volume: 'docker_sock', path: dockerSocket, mountPath: dockerSocket, readOnly: true },
      { volume: 'proc', path: '/proc/', mountPath: '/host/proc/', readOnly: true },
      { volume: 'cgroup', path: '/sys/fs/cgroup/', mountPath: '/host/sys/fs/cgroup', readOnly: true },
      { volume: 'etc_passwd', path: '/etc/passwd', mountPath: '/etc/passwd', readOnly: true },
      { volume: 'etc_group', path: '/etc/group', mountPath: '/etc/group', readOnly: true },
      { volume: 'root', path: '/', mountPath: '/host/root', readOnly: true },
      // Probes are set by writing to it.
      { volume: 'debug', path: '/sys/kernel/debug', mountPath: '/sys/kernel/debug' },
      { volume: 'os_release', path: '/etc/os-release', mountPath: '/host/etc/os-release', readOnly: true },
    ],
    // Not on ECS: there it would keep the task from being placed on instances without AppArmor.
    dockerrunSecurityOptions: ['apparmor:unconfined'],
    memoryLimitSetting: 'memoryMiB',
    log: taskLog,
    ...taskSize,
  },
};
