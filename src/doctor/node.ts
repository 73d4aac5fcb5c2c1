import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../model/json.js';
import { parseOsImage } from './distribution.js';
import { isHealthy, type DoctorFinding } from './finding.js';
import { constraints, sandbox, virtual, warden, windows } from './node-findings.js';
import { judgeNodeAgent } from './node-agent.js';
import { atLeast, parseVersion, type Release } from './version.js';

/** What kind of machine is behind a node. */
export type NodeKind = 'machine' | 'autopilot' | 'fargate' | 'sandbox' | 'virtual' | 'windows';

/** One node, and what can be done on it. */
export interface NodeReport {
  readonly name: string;
  readonly kind: NodeKind;
  readonly osImage: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly runtime: string;
  readonly kubelet: string;
  /** The vendor's eBPF agent: `yes` as documented, `unlisted` where only the distribution is not. */
  readonly nodeAgent: 'yes' | 'unlisted' | 'no';
  /** Instrumentation by ptrace under the runtime's default seccomp filter. */
  readonly ptrace: 'yes' | 'unverified' | 'with-capability' | 'no';
  /** Whether a container may be given SYS_PTRACE, as far as the node says. */
  readonly sysPtrace: 'yes' | 'unverified' | 'no';
  readonly nativeSidecars: boolean;
  readonly imageVolumes: boolean;
  readonly findings: readonly DoctorFinding[];
}

interface NodeFacts {
  readonly name: string;
  readonly labels: JsonObject;
  readonly taints: readonly string[];
  readonly info: (field: string) => string;
}

/** Looks at one Node object. Pure. */
export function examineNode(node: JsonObject): NodeReport {
  const facts = factsOf(node);
  const kind = kindOf(facts);
  const runtime = facts.info('containerRuntimeVersion');
  const kubelet = facts.info('kubeletVersion');
  const about = {
    name: facts.name,
    kind,
    osImage: facts.info('osImage'),
    kernel: facts.info('kernelVersion'),
    architecture: facts.info('architecture') || (stringOf(facts.labels['kubernetes.io/arch']) ?? ''),
    runtime,
    kubelet,
    nativeSidecars: !isLeftAlone(kind) && isAtLeast(kubelet, [1, 29, 0]),
    imageVolumes: mountsImages(runtime, kubelet, kind),
  };
  if (kind === 'windows') return { ...about, ...nothing, findings: [windows] };
  if (kind === 'virtual') return { ...about, ...nothing, findings: [virtual] };
  if (kind === 'sandbox') return { ...about, ...nothing, findings: [sandbox] };
  const agent = nodeAgentOf(facts, kind);
  const ptrace = ptraceOf(facts, kind);
  const openShift = isOpenShift(node);
  const architecture = architectureFinding(about.architecture);
  const findings = [
    agent.finding,
    ptrace.finding,
    ...(openShift ? [constraints] : []),
    ...(kind === 'autopilot' ? [warden] : []),
    ...versionFindings(about),
  ];
  if (architecture?.result === 'problem') return { ...about, ...nothing, findings: [architecture, ...findings] };
  return {
    ...about,
    nodeAgent: agent.fit,
    ptrace: ptrace.fit,
    sysPtrace: kind === 'fargate' ? 'no' : kind === 'autopilot' || openShift ? 'unverified' : 'yes',
    findings: architecture === undefined ? findings : [architecture, ...findings],
  };
}

/** Whether pods for nodes of a kind are left alone, with a reason, since nothing can be instrumented there. */
export function isLeftAlone(kind: NodeKind): boolean {
  return kind === 'windows' || kind === 'virtual' || kind === 'sandbox';
}

/** Whether a Node object is one of OpenShift's. */
export function isOpenShift(node: JsonObject): boolean {
  return 'node.openshift.io/os_id' in factsOf(node).labels;
}

/** True when something can be done on every node, and nothing is in the way. */
export function nodesHealthy(reports: readonly NodeReport[]): boolean {
  return reports.every(({ findings }) => isHealthy(findings));
}

const nothing = { nodeAgent: 'no', ptrace: 'no', sysPtrace: 'no' } as const;

function factsOf(node: JsonObject): NodeFacts {
  const metadata = objectOf(node['metadata']);
  const info = objectOf(objectOf(node['status'])?.['nodeInfo']);
  return {
    name: stringOf(metadata?.['name']) ?? '?',
    labels: objectOf(metadata?.['labels']) ?? {},
    taints: listOf(objectOf(node['spec'])?.['taints']).flatMap((taint) =>
      isObject(taint) && typeof taint['key'] === 'string' ? [taint['key']] : [],
    ),
    info: (field) => stringOf(info?.[field]) ?? '',
  };
}

function kindOf({ name, labels, taints, info }: NodeFacts): NodeKind {
  if (labels['kubernetes.io/os'] === 'windows' || info('operatingSystem') === 'windows') return 'windows';
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') return 'fargate';
  if (labels['type'] === 'virtual-kubelet' || labels['liqo.io/type'] === 'virtual-node') return 'virtual';
  if (taints.includes('virtual-kubelet.io/provider')) return 'virtual';
  // GKE Sandbox: its nodes are tainted so that pods of runtime class gvisor alone come.
  if (labels['sandbox.gke.io/runtime'] === 'gvisor') return 'sandbox';
  // GKE calls the nodes that it manages itself gk3-CLUSTER-….
  if (name.startsWith('gk3-') && 'cloud.google.com/gke-nodepool' in labels) return 'autopilot';
  return 'machine';
}

function nodeAgentOf(facts: NodeFacts, kind: NodeKind): { fit: NodeReport['nodeAgent']; finding: DoctorFinding } {
  const check = 'node agent';
  const ptrace = 'use ptrace instrumentation: profile sysdig or datadog';
  if (kind === 'fargate') {
    const detail = 'EKS Fargate runs no DaemonSet';
    return { fit: 'no', finding: { check, result: 'note', detail, remedy: ptrace, source: 'eksFargate' } };
  }
  if (kind === 'autopilot') {
    const detail = 'GKE Autopilot: Datadog’s chart leaves Workload Protection out there; Sysdig has a DaemonSet for it';
    const remedy = `prefer Sysdig’s DaemonSet; else ${ptrace}`;
    return { fit: 'no', finding: { check, result: 'note', detail, remedy, source: 'datadogChart' } };
  }
  const { fit, detail } = judgeNodeAgent(facts.info('kernelVersion'), parseOsImage(facts.info('osImage')));
  const source = 'datadogRequirements';
  if (fit === 'yes') {
    return {
      fit,
      finding: { check, result: 'ok', detail: `${detail}: the eBPF agent can run, and is the better choice`, source },
    };
  }
  const remedy =
    fit === 'no' ? ptrace : 'try the vendor’s node agent before relying on it; where it runs, it is the better choice';
  return { fit, finding: { check, result: 'note', detail, remedy, source } };
}

function ptraceOf({ info }: NodeFacts, kind: NodeKind): { fit: NodeReport['ptrace']; finding: DoctorFinding } {
  const about = { check: 'ptrace', source: 'seccomp' } as const;
  const release = info('kernelVersion');
  const runtime = info('containerRuntimeVersion');
  const [name = ''] = runtime.split('://');
  const blocked = isOlder(release, [4, 8, 0])
    ? `kernel ${release} is older than 4.8`
    : name === 'containerd' && isOlder(runtime, [1, 6, 7])
      ? `${runtime} is older than 1.6.7`
      : undefined;
  if (blocked !== undefined) {
    const detail = `${blocked}: the RuntimeDefault seccomp filter refuses ptrace without SYS_PTRACE`;
    const refused = kind === 'fargate';
    const remedy = refused
      ? 'use a newer platform version'
      : 'renew the node, or use capability: Always in namespaces that allow it';
    return { fit: refused ? 'no' : 'with-capability', finding: { ...about, result: 'problem', detail, remedy } };
  }
  if (kind === 'fargate') {
    const detail = 'works without SYS_PTRACE, which EKS Fargate refuses; between containers only with the same uid';
    return { fit: 'yes', finding: { ...about, result: 'ok', detail, source: 'eksFargate' } };
  }
  const unknown =
    parseVersion(release) === undefined
      ? `the kernel’s version (${release || 'none given'}) is not readable, so ptrace is not verified`
      : name !== 'containerd'
        ? `the default seccomp filter of ${runtime || 'an unknown runtime'} is not verified`
        : parseVersion(runtime) === undefined
          ? `the version of ${runtime} is not readable, so its default seccomp filter is not verified`
          : undefined;
  if (unknown !== undefined) {
    const remedy = 'try one pod before relying on it';
    return { fit: 'unverified', finding: { ...about, result: 'note', detail: unknown, remedy } };
  }
  return {
    fit: 'yes',
    finding: { ...about, result: 'ok', detail: `allowed by ${runtime} and the kernel without a capability` },
  };
}

function architectureFinding(architecture: string): DoctorFinding | undefined {
  if (architecture === 'amd64' || architecture === 'arm64') return undefined;
  const about = { check: 'architecture', source: 'outrider' } as const;
  const images = 'the vendors’ images are for amd64 and arm64';
  if (architecture === '') {
    const detail = `${images}, and this node does not say what it is`;
    return { ...about, result: 'note', detail, remedy: 'look again when the kubelet has reported' };
  }
  const remedy = 'keep instrumented pods off it with a nodeSelector';
  return { ...about, result: 'problem', detail: `${images}, and this node is ${architecture}`, remedy };
}

function versionFindings({ kubelet }: { readonly kubelet: string }): readonly DoctorFinding[] {
  if (!isOlder(kubelet, [1, 29, 0])) return [];
  return [
    {
      check: 'native sidecars',
      result: 'note',
      detail: `kubelet ${kubelet} is older than 1.29: the agent runs as a plain container, and Jobs are left alone`,
      remedy: 'renew the node',
      source: 'sidecars',
    },
  ];
}

/** On by default from 1.35; an older containerd ignores the subPath in silence (E38). */
function mountsImages(runtime: string, kubelet: string, kind: NodeKind): boolean {
  return (
    !isLeftAlone(kind) &&
    runtime.startsWith('containerd://') &&
    isAtLeast(runtime, [2, 2, 0]) &&
    isAtLeast(kubelet, [1, 35, 0])
  );
}

/** False for what has no version: that is unknown, not old. */
function isOlder(text: string, than: Release): boolean {
  const version = parseVersion(text);
  return version !== undefined && !atLeast(version, than);
}

function isAtLeast(text: string, least: Release): boolean {
  const version = parseVersion(text);
  return version !== undefined && atLeast(version, least);
}
