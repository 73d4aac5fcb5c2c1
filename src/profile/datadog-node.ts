import type { ProfileInput } from '../model/profile.js';
import { agentCapabilities, nodeTask, nodeTaskSettings } from './datadog-node-task.js';

/**
 * Datadog Workload Protection by eBPF, in a Datadog Agent that runs on the node: nothing is wrapped and nothing added
 * next to it; the Agent's own containers get what switches the feature on. In tasks the whole Agent is one container.
 */
export const datadogNode: ProfileInput = {
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationProfile',
  metadata: { name: 'datadog-node' },
  spec: {
    description: 'Datadog Workload Protection (CWS) switched on in a Datadog Agent on the node',
    version: '1',
    settings: {
      remoteConfiguration: {
        type: 'boolean',
        description:
          'whether the Agent takes new rules from Datadog by itself: DD_REMOTE_CONFIGURATION_ENABLED and DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
        default: true,
      },
      networkEvents: {
        type: 'boolean',
        description: 'whether network events are collected: DD_RUNTIME_SECURITY_CONFIG_NETWORK_ENABLED',
        default: true,
      },
      ...nodeTaskSettings,
    },
    image: '${settings.image}:${settings.version}',
    // Windows has none of these paths, and a mirror pod that differs from its file is made again forever. The other
    // obstacles are what an agent on the node is by nature: on the node's network and in its process namespace.
    skipWhen: ['mirror_pod', 'windows'],
    reservedEnv: ['DD_RUNTIME_SECURITY_CONFIG_ENABLED'],
    containers: [
      {
        containers: ['agent'],
        env: [{ name: 'DD_REMOTE_CONFIGURATION_ENABLED', value: '${settings.remoteConfiguration}' }],
      },
      {
        containers: ['system-probe'],
        env: [
          { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
          {
            name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
            value: '${settings.remoteConfiguration}',
          },
          { name: 'DD_RUNTIME_SECURITY_CONFIG_NETWORK_ENABLED', value: '${settings.networkEvents}' },
          { name: 'HOST_ROOT', value: '/host/root' },
        ],
        capabilities: [...agentCapabilities],
        mounts: [
          { volume: 'procdir', mountPath: '/host/proc', readOnly: true },
          { volume: 'cgroups', mountPath: '/host/sys/fs/cgroup', readOnly: true },
          { volume: 'passwd', mountPath: '/etc/passwd', readOnly: true },
          { volume: 'group', mountPath: '/etc/group', readOnly: true },
          { volume: 'hostroot', mountPath: '/host/root', readOnly: true },
          { volume: 'debugfs', mountPath: '/sys/kernel/debug' },
          { volume: 'os-release-file', mountPath: '/host/etc/os-release', readOnly: true },
        ],
      },
      {
        containers: ['security-agent'],
        env: [
          { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
          {
            name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
            value: '${settings.remoteConfiguration}',
          },
        ],
      },
    ],
    // Named as the vendor's chart names them; a volume of the pod with the same path is used under its own name.
    hostVolumes: [
      { name: 'procdir', path: '/proc' },
      { name: 'cgroups', path: '/sys/fs/cgroup' },
      { name: 'passwd', path: '/etc/passwd' },
      { name: 'group', path: '/etc/group' },
      { name: 'hostroot', path: '/' },
      { name: 'debugfs', path: '/sys/kernel/debug' },
      { name: 'os-release-file', path: '/etc/os-release' },
    ],
    task: nodeTask,
  },
};
