import { objectOf, stringOf, type JsonObject } from '../model/json.js';
import { names } from '../model/names.js';
import type { PodSecurityLevel } from '../model/recipe.js';
import { isHealthy, type DoctorFinding } from './finding.js';
import type { ClusterInventory } from './inventory.js';
import { examineNode, nodesHealthy, type NodeReport } from './node.js';
import { atLeast, parseVersion } from './version.js';

/** A namespace that asks for instrumentation. */
export interface NamespaceReport {
  readonly name: string;
  /** The Pod Security level that it enforces; `undefined` when it is the cluster's default. */
  readonly enforce: PodSecurityLevel | undefined;
  readonly findings: readonly DoctorFinding[];
}

/** Everything there is to say of a cluster. */
export interface ClusterReport {
  readonly nodes: readonly NodeReport[];
  /** Those labelled `outrider.dev/inject=enabled`. */
  readonly namespaces: readonly NamespaceReport[];
  /** About the cluster as a whole. */
  readonly findings: readonly DoctorFinding[];
  readonly healthy: boolean;
}

/** Looks at a cluster. Pure. */
export function examineCluster({ nodes: objects, namespaces: spaces, version }: ClusterInventory): ClusterReport {
  const nodes = objects.map(examineNode);
  const namespaces = spaces.filter((space) => labelsOf(space)[names.inject] === 'enabled').map(examineNamespace);
  const findings = [
    ...serverVersion(version),
    ...(nodes.length === 0 ? [noNode] : wholeCluster(nodes)),
    ...(spaces.length > 0 && namespaces.length === 0 ? [noNamespace] : []),
  ];
  return { nodes, namespaces, findings, healthy: nodesHealthy(nodes) && isHealthy(findings) };
}

const noNode: DoctorFinding = {
  check: 'nodes',
  result: 'note',
  detail: 'the cluster has no node, so there is nothing to say of them',
  remedy: 'look again when there is one',
  source: 'outrider',
};

const noNamespace: DoctorFinding = {
  check: 'namespaces',
  result: 'note',
  detail: `no namespace is labelled ${names.inject}=enabled`,
  remedy: `kubectl label namespace NAME ${names.inject}=enabled, unless your policies match namespaces otherwise`,
  source: 'outrider',
};

function examineNamespace(namespace: JsonObject): NamespaceReport {
  const label = labelsOf(namespace)['pod-security.kubernetes.io/enforce'];
  const enforce = label === 'privileged' || label === 'baseline' || label === 'restricted' ? label : undefined;
  const about = { check: 'Pod Security', source: 'podSecurity' } as const;
  const strict = enforce === 'baseline' || enforce === 'restricted';
  const finding: DoctorFinding = strict
    ? {
        ...about,
        result: 'note',
        detail: `${enforce} refuses SYS_PTRACE: capability Auto leaves it out, which tracing one’s own child does not need; a node agent’s pods cannot run in it`,
        remedy: 'keep capability: Auto; put a node agent into a namespace of its own at level privileged',
      }
    : { ...about, result: 'ok', detail: enforce ?? 'no level of its own: the cluster’s default holds' };
  return { name: stringOf(objectOf(namespace['metadata'])?.['name']) ?? '?', enforce, findings: [finding] };
}

function serverVersion(text: string | undefined): readonly DoctorFinding[] {
  const version = text === undefined ? undefined : parseVersion(text);
  if (text === undefined || version === undefined) return [];
  const about = { check: 'server', source: 'outrider' } as const;
  if (atLeast(version, [1, 30, 0])) return [{ ...about, result: 'ok', detail: `Kubernetes ${text}` }];
  const detail = `Kubernetes ${text} is older than 1.30, the oldest that Outrider supports`;
  return [{ ...about, result: 'problem', detail, remedy: 'renew the cluster; the offline commands work with any' }];
}

function wholeCluster(nodes: readonly NodeReport[]): readonly DoctorFinding[] {
  const linux = nodes.filter(({ kind }) => kind !== 'windows' && kind !== 'virtual');
  const findings: DoctorFinding[] = [];
  const agents = linux.filter(({ nodeAgent }) => nodeAgent === 'yes').length;
  if (linux.length > 0) {
    const rest = linux.length - agents;
    findings.push({
      check: 'choice',
      result: 'ok',
      detail:
        rest === 0
          ? `every Linux node can take the vendor’s eBPF agent, which is better than ptrace`
          : `${agents} of ${linux.length} Linux nodes can take the vendor’s eBPF agent; ptrace instrumentation is for the rest`,
      ...(agents === 0 ? {} : { remedy: 'outrider render datadog-node --for helm writes its values' }),
      source: 'datadogRequirements',
    });
  }
  const old = linux.filter(({ nativeSidecars }) => !nativeSidecars).length;
  if (old === 0 && linux.length > 0) {
    findings.push({ check: 'native sidecars', result: 'ok', detail: 'every kubelet has them', source: 'sidecars' });
  } else if (old > 0) {
    const detail = `${old} of ${linux.length} Linux nodes have no native sidecars, so none is used anywhere`;
    findings.push({
      check: 'native sidecars',
      result: 'note',
      detail,
      remedy: 'renew those nodes',
      source: 'sidecars',
    });
  }
  const images = linux.filter(({ imageVolumes }) => imageVolumes).length;
  findings.push({
    check: 'image volumes',
    result: 'ok',
    detail:
      images === linux.length && images > 0
        ? 'every Linux node mounts them rightly: delivery: ImageVolume can be used'
        : `${images} of ${linux.length} Linux nodes mount them rightly (containerd 2.2, Kubernetes 1.35): use delivery: Copy`,
    source: 'imageVolumes',
  });
  return findings;
}

function labelsOf(object: JsonObject): JsonObject {
  return objectOf(objectOf(object['metadata'])?.['labels']) ?? {};
}
