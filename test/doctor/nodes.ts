import type { NodeSets } from '../../src/doctor/node-sets.js';
import { NodeSetsBuilder } from '../../src/doctor/node-sets.js';
import { examineNode } from '../../src/doctor/node.js';
import type { JsonObject } from '../../src/model/json.js';

/** What tests vary of a Node; the rest is a machine that mounts image volumes rightly. */
export interface Machine {
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly taints?: readonly JsonObject[];
  readonly kubelet?: string;
  readonly runtime?: string;
}

/** A Node object as a kubelet registers it. */
export function nodeOf(name: string, machine: Machine = {}): JsonObject {
  const { labels = {}, annotations = {}, taints = [], kubelet = 'v1.36.3', runtime = 'containerd://2.4.2' } = machine;
  return {
    metadata: {
      name,
      annotations,
      labels: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels },
    },
    spec: { taints },
    status: {
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: kubelet,
        containerRuntimeVersion: runtime,
        kernelVersion: '6.12.0',
      },
    },
  };
}

/** The sets that nodes make. */
export function setsOf(nodes: readonly JsonObject[]): NodeSets {
  const builder = new NodeSetsBuilder();
  for (const node of nodes) builder.add(node, examineNode(node));
  return builder.build();
}
