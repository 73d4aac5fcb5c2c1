import type { ApiServer } from './api-server.js';
import { objectIn } from './kubectl.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';

/** The minor number of the API server's version: 36 of v1.36.3. */
export async function minorOf(api: Pick<ApiServer, 'kubectl'>): Promise<number> {
  const versions = objectIn(await api.kubectl(['version', '-o', 'json']));
  return Number.parseInt(stringOf(objectOf(versions['serverVersion'])?.['minor']) ?? '', 10);
}

/** Minor version of Kubernetes from which the API server knows the fields of a golden case. */
export function neededMinor(name: string): number {
  if (name.includes('image-volume')) return 36;
  return name.startsWith('pod-level') ? 34 : 30;
}

/** What tests vary of a node. */
export interface NodeOptions {
  readonly runtime?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly JsonObject[];
}

/**
 * Registers a node as a kubelet of the API server's own version would; nothing runs on it. By the nodes it is known what
 * pods can get: with none, an API server older than 1.32 promises no native sidecars.
 */
export async function addNode(
  api: Pick<ApiServer, 'kubectl'>,
  name = 'node-1',
  { runtime = '2.0.0', labels = {}, taints = [] }: NodeOptions = {},
): Promise<void> {
  const versions = objectIn(await api.kubectl(['version', '-o', 'json']));
  const kubeletVersion = stringOf(objectOf(versions['serverVersion'])?.['gitVersion']) ?? '';
  const always = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'kubernetes.io/hostname': name };
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...always, ...labels } },
    spec: { taints },
    status: {
      nodeInfo: {
        kubeletVersion,
        kubeProxyVersion: kubeletVersion,
        containerRuntimeVersion: `containerd://${runtime}`,
        operatingSystem: 'linux',
        architecture: 'amd64',
        kernelVersion: '6.1.0',
        osImage: 'test',
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
    },
  };
  const { exitCode, stderr } = await api.kubectl(['create', '-f', '-'], JSON.stringify(node));
  if (exitCode !== 0) throw new Error(`no node: ${stderr}`);
}
