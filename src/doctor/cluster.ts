import { objectOf, type JsonObject } from '../model/json.js';
import { names } from '../model/names.js';
import type { PodSecurityLevel } from '../model/recipe.js';
import { capabilitiesOf } from './capabilities.js';
import { isHealthy, type DoctorFinding } from './finding.js';
import type { ClusterInventory } from './inventory.js';
import { examineLabelled, examineMatched, type MatchedNamespace, type NamespaceReport } from './namespace.js';
import { examineNode, isLeftAlone, isOpenShift, nodesHealthy, type NodeReport } from './node.js';
import { atLeast, parseVersion } from './version.js';

/** What policies say about a cluster's namespaces. */
export interface PolicyMatches {
  readonly namespaces: readonly MatchedNamespace[];
  /** Names of the policies that match no namespace. */
  readonly unmatched: readonly string[];
  /** Names of the policies that match, and win for no pod. */
  readonly outranked: readonly string[];
  /** Pod Security level where a namespace has no label. */
  readonly podSecurityDefault: PodSecurityLevel;
  /** Whether Outrider is told that it is on OpenShift; what the nodes say is used too. */
  readonly openShift: boolean;
}

/** The full report on a cluster. */
export interface ClusterReport {
  readonly nodes: readonly NodeReport[];
  /** Those that the policies match; without policies, those labelled `outrider.dev/inject=enabled`. */
  readonly namespaces: readonly NamespaceReport[];
  /** About the cluster as a whole. */
  readonly findings: readonly DoctorFinding[];
  readonly healthy: boolean;
}

/**
 * Looks at a cluster. Pure.
 *
 * @param matches what policies match, where there are some: then they say which namespaces count, and no label does
 */
export function examineCluster(
  { nodes: objects, namespaces: spaces, version }: ClusterInventory,
  matches?: PolicyMatches,
): ClusterReport {
  const nodes = objects.map(examineNode);
  const openShiftNodes = objects.some(isOpenShift);
  const namespaces =
    matches === undefined
      ? spaces.filter((space) => labelsOf(space)[names.inject] === 'enabled').map(examineLabelled)
      : matches.namespaces.map((space) => examineMatched(space, { ...matches, nodes, openShiftNodes }));
  const findings = [
    ...serverVersion(version),
    ...(nodes.length === 0 ? [noNode] : wholeCluster(nodes, version)),
    ...(matches === undefined
      ? spaces.length > 0 && namespaces.length === 0
        ? [noNamespace]
        : []
      : policyFindings(matches, spaces.length > 0)),
  ];
  const all = [...findings, ...namespaces.flatMap((space) => space.findings)];
  return { nodes, namespaces, findings, healthy: nodesHealthy(nodes) && isHealthy(all) };
}

function policyFindings({ namespaces, unmatched, outranked }: PolicyMatches, known: boolean): readonly DoctorFinding[] {
  const about = { check: 'policies', result: 'note', source: 'policies' } as const;
  if (!known && namespaces.length === 0) {
    const detail = 'there is no namespace in the input, so nobody can tell where the policies hold';
    return [{ ...about, detail, remedy: 'give what kubectl get nodes,namespaces -o json prints' }];
  }
  return [
    ...unmatched.map((name) => ({
      ...about,
      detail: `policy ${name} matches no namespace`,
      remedy: 'label the namespaces that it is for, or fix its namespaceSelector',
    })),
    ...outranked.map((name) => ({
      ...about,
      detail: `policy ${name} wins for no pod: where it matches, another policy goes before it`,
      remedy: 'give it a higher precedence, or the others a narrower selector',
    })),
  ];
}

const noNode: DoctorFinding = {
  check: 'nodes',
  result: 'note',
  detail: 'the cluster has no node, so there is nothing to say of them',
  remedy: 'look again when there is one',
  source: 'outrider',
};

const noLinux: DoctorFinding = {
  check: 'nodes',
  result: 'note',
  detail: 'no node is an ordinary Linux one, so there is nowhere to instrument a pod',
  remedy: 'run what has to be watched on Linux nodes',
  source: 'datadogRequirements',
};

const noNamespace: DoctorFinding = {
  check: 'namespaces',
  result: 'note',
  detail: `no namespace is labelled ${names.inject}=enabled`,
  remedy: `kubectl label namespace NAME ${names.inject}=enabled, unless your policies match namespaces otherwise`,
  source: 'outrider',
};

function serverVersion(text: string | undefined): readonly DoctorFinding[] {
  const version = text === undefined ? undefined : parseVersion(text);
  if (text === undefined || version === undefined) return [];
  const about = { check: 'server', source: 'outrider' } as const;
  if (atLeast(version, [1, 30, 0])) return [{ ...about, result: 'ok', detail: `Kubernetes ${text}` }];
  const detail = `Kubernetes ${text} is older than 1.30, the oldest that Outrider supports`;
  return [{ ...about, result: 'problem', detail, remedy: 'renew the cluster; the offline commands work with any' }];
}

function wholeCluster(nodes: readonly NodeReport[], version: string | undefined): readonly DoctorFinding[] {
  const linux = nodes.filter(({ kind }) => !isLeftAlone(kind));
  if (linux.length === 0) return [noLinux];
  const findings: DoctorFinding[] = [];
  const agents = linux.filter(({ nodeAgent }) => nodeAgent === 'yes').length;
  if (linux.length > 0) {
    const rest = linux.length - agents;
    const unlisted = linux.filter(({ nodeAgent }) => nodeAgent === 'unlisted').length;
    const perhaps = unlisted === 0 ? '' : `, and ${unlisted} may, although the vendor does not list them`;
    findings.push({
      check: 'choice',
      result: 'ok',
      detail:
        rest === 0
          ? `every Linux node can take the vendor’s eBPF agent, which is better than ptrace`
          : `${agents} of ${linux.length} Linux nodes can take the vendor’s eBPF agent${perhaps}; ptrace instrumentation is for the rest`,
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
  findings.push({
    check: 'image volumes',
    result: 'ok',
    detail: imageVolumes(linux, version),
    source: 'imageVolumes',
  });
  return findings;
}

function imageVolumes(linux: readonly NodeReport[], version: string | undefined): string {
  const able = linux.filter((node) => node.imageVolumes).length;
  if (able < linux.length) {
    return `${able} of ${linux.length} Linux nodes mount them rightly (containerd 2.2, Kubernetes 1.35): use delivery: Copy`;
  }
  const { holds, because } = capabilitiesOf(version, linux).imageVolumes;
  if (version === undefined || holds) return 'every Linux node mounts them rightly: delivery: ImageVolume can be used';
  return `every Linux node mounts them rightly, but ${because}: use delivery: Copy, or set --image-volumes`;
}

function labelsOf(object: JsonObject): JsonObject {
  return objectOf(objectOf(object['metadata'])?.['labels']) ?? {};
}
