import { join } from 'node:path';
import type { NodeFiles } from './component-flags.js';
import { clusterDomain, nodeAddress, pauseImage, registryHost } from './layout.js';

/** The socket of the container runtime. */
export function containerdSocket(directory: string): string {
  return join(directory, 'containerd.sock');
}

/** containerd's configuration, TOML. JSON's strings and lists are TOML's too. */
export function containerdConfiguration(directory: string): string {
  const inside = (name: string): string => JSON.stringify(join(directory, name));
  return `version = 3
root = ${inside('containerd')}
state = ${inside('containerd-state')}
[grpc]
  address = ${JSON.stringify(containerdSocket(directory))}
[ttrpc]
  address = ${inside('containerd.sock.ttrpc')}
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${JSON.stringify(pauseImage)}
[plugins."io.containerd.cri.v1.images".registry]
  config_path = ${inside('registries')}
[plugins."io.containerd.cri.v1.runtime"]
  # A machine that is a container itself may not lower an oom_score_adj.
  restrict_oom_score_adj = true
  disable_apparmor = true
  # Ports below 1024 need their capability, as on a node that does not set this.
  enable_unprivileged_ports = false
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = ${inside('cni')}
`;
}

/** The registry answers plain HTTP. */
export const registryHostsFile = `server = "http://${registryHost}"\n`;

/** One bridge of the pods, addresses from a file. */
export function networkConfiguration(directory: string): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(directory, 'addresses'),
    subnet: '10.99.0.0/20',
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [{ type: 'bridge', bridge: 'pods0', isGateway: true, ipMasq: false, ipam }],
  };
}

export function kubeletConfiguration(files: NodeFiles, cgroup: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    port: 10_250,
    healthzPort: 0,
    readOnlyPort: 0,
    clusterDNS: [nodeAddress],
    clusterDomain,
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    containerRuntimeEndpoint: `unix://${containerdSocket(files.directory)}`,
    authentication: {
      anonymous: { enabled: false },
      x509: { clientCAFile: files.caFile },
      webhook: { enabled: true },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: files.kubeletServing.certFile,
    tlsPrivateKeyFile: files.kubeletServing.keyFile,
    makeIPTablesUtilChains: false,
    // A full disk of the machine is not what is tested.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    maxPods: 250,
    serializeImagePulls: false,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    nodeStatusUpdateFrequency: '1s',
    syncFrequency: '5s',
    crashLoopBackOff: { maxContainerRestartPeriod: '10s' },
  };
}
