import { capped } from '../model/capped.js';
import type { Finding } from '../model/decision.js';
import { objectOf, stringOf, type JsonObject } from '../model/json.js';
import { names } from '../model/names.js';
import type { Prefer } from '../model/policy.js';
import type { ReasonCode } from '../model/reasons.js';
import type { PodSecurityLevel } from '../model/recipe.js';
import type { DoctorFinding } from './finding.js';
import { isLeftAlone, type NodeKind, type NodeReport } from './node.js';

/** A policy that wins for pods of a namespace, as far as it matters to the platform. */
export interface NamespacePolicy {
  readonly name: string;
  readonly mode: 'Off' | 'Report' | 'Inject';
  readonly prefer: Prefer;
  readonly capability: 'Auto' | 'Always' | 'Never';
  /** What its profile would add, such as `SYS_PTRACE`. */
  readonly capabilities: readonly string[];
  /** Whether it takes every pod that no policy before it takes, or those that its podSelector selects. */
  readonly pods: 'all' | 'some';
  /** Why it touches no pod there. */
  readonly stop: Finding | undefined;
  /** The namespace opts out by label, and the policy forbids it. */
  readonly optOutIgnored: boolean;
  /** Why the agent fits into no pod there, by LimitRanges and quotas; absent where it does, or where they are not known. */
  readonly misfit?: string | undefined;
  /** Reasons for which a pod may run uninstrumented although the policy prefers Security. */
  readonly admits: ReadonlySet<ReasonCode>;
}

/** A namespace that some policy matches; the policy that wins first in front. */
export interface MatchedNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly policies: readonly NamespacePolicy[];
}

/** A namespace that asks for instrumentation, or that a policy matches. */
export interface NamespaceReport {
  readonly name: string;
  /** The Pod Security level that it enforces; `undefined` when it is the cluster's default. */
  readonly enforce: PodSecurityLevel | undefined;
  /** The policies that win there; absent when no policies were given. */
  readonly policies?: readonly Pick<NamespacePolicy, 'name' | 'mode' | 'prefer' | 'capability' | 'pods'>[];
  readonly findings: readonly DoctorFinding[];
}

/** What is known about the cluster when a namespace is judged. */
export interface KnownCluster {
  readonly nodes: readonly NodeReport[];
  /** Pod Security level where a namespace has no label. */
  readonly podSecurityDefault: PodSecurityLevel;
  /** Whether Outrider is told that it is on OpenShift, where capability Auto then leaves the capability out. */
  readonly openShift: boolean;
  /** Whether a node says that it is OpenShift's. */
  readonly openShiftNodes: boolean;
}

/** Looks at a namespace labelled for injection, where no policies are known. */
export function examineLabelled(namespace: JsonObject): NamespaceReport {
  const metadata = objectOf(namespace['metadata']);
  const enforce = enforcedLevel(objectOf(metadata?.['labels']) ?? {});
  const about = { check: 'Pod Security', source: 'podSecurity' } as const;
  const finding: DoctorFinding =
    enforce === 'baseline' || enforce === 'restricted'
      ? {
          ...about,
          result: 'note',
          detail: `${enforce} refuses SYS_PTRACE: capability Auto leaves it out, which tracing one’s own child does not need; a node agent’s pods cannot run in it`,
          remedy: 'keep capability: Auto; put a node agent into a namespace of its own at level privileged',
        }
      : { ...about, result: 'ok', detail: enforce ?? 'no level of its own: the cluster’s default holds' };
  return { name: stringOf(metadata?.['name']) ?? '?', enforce, findings: [finding] };
}

/** Looks at a namespace under the policies that win there. */
export function examineMatched({ name, labels, policies }: MatchedNamespace, cluster: KnownCluster): NamespaceReport {
  const enforce = enforcedLevel(labels);
  const findings = policies.flatMap((policy) => examinePolicy(policy, enforce, cluster));
  return {
    name,
    enforce,
    policies: policies.map(({ name: policy, mode, prefer, capability, pods }) => ({
      name: policy,
      mode,
      prefer,
      capability,
      pods,
    })),
    findings,
  };
}

/** The level that a namespace's label asks for; Pod Security takes what it cannot read for `restricted`. */
function enforcedLevel(labels: JsonObject): PodSecurityLevel | undefined {
  const label = labels['pod-security.kubernetes.io/enforce'];
  if (label === undefined) return undefined;
  return label === 'privileged' || label === 'baseline' ? label : 'restricted';
}

function examinePolicy(
  policy: NamespacePolicy,
  enforce: PodSecurityLevel | undefined,
  cluster: KnownCluster,
): readonly DoctorFinding[] {
  if (policy.stop !== undefined) return [stopped(policy, policy.stop)];
  const { adds, finding } = capability(policy, enforce, cluster);
  const findings = [
    ...(policy.optOutIgnored ? [ignored(policy)] : []),
    finding,
    ...misfit(policy),
    ...nodesFor(policy, adds, cluster),
  ];
  // A policy that only reports refuses no pod and changes none.
  return policy.mode === 'Report'
    ? findings.map((each) => (each.result === 'problem' ? { ...each, result: 'note' as const } : each))
    : findings;
}

function stopped({ name, prefer, mode }: NamespacePolicy, { reason, detail }: Finding): DoctorFinding {
  const about = { check: 'policy', source: 'policies' } as const;
  if (reason === 'inject_label_invalid') {
    const refuses = prefer === 'Security' && mode === 'Inject';
    return {
      ...about,
      result: refuses ? 'problem' : 'note',
      detail: `${detail}, so ${refuses ? `policy ${name}, which prefers Security, refuses its pods` : `policy ${name} touches no pod here`}`,
      remedy: 'write enabled or disabled, or take the label off',
    };
  }
  const remedies: Partial<Record<ReasonCode, string>> = {
    namespace_opted_out: `take the label ${names.inject}=disabled off, or set optOut: Forbidden in the policy`,
    policy_off: 'set its mode to Inject, or let another policy win with a higher precedence',
    namespace_excluded: 'take it off --excluded-namespaces if that is not meant',
  };
  return {
    ...about,
    // Outrider's own namespace and kube-system are excluded on purpose, and matched by every policy for all.
    result: reason === 'namespace_excluded' ? 'ok' : 'note',
    detail: `${detail}: policy ${name} touches no pod here`,
    ...(reason === 'namespace_excluded' ? {} : { remedy: remedies[reason] ?? 'see docs/reasons.md' }),
  };
}

function ignored({ name }: NamespacePolicy): DoctorFinding {
  return {
    check: 'policy',
    result: 'note',
    detail: `the namespace is labelled ${names.inject}=disabled, and policy ${name} forbids opting out: its pods are instrumented`,
    remedy: 'take the label off, so that nobody relies on it',
    source: 'policies',
  };
}

/** How LimitRanges and quotas affect the policy there. */
function misfit({ name, prefer, admits, misfit: detail }: NamespacePolicy): readonly DoctorFinding[] {
  if (detail === undefined) return [];
  const refuses = prefer === 'Security' && !admits.has('resources_do_not_fit');
  return [
    {
      check: 'resources',
      result: refuses ? 'problem' : 'note',
      detail: `policy ${name}: ${detail}, so pods here are ${refuses ? 'refused' : 'left alone'} (reason resources_do_not_fit)`,
      remedy: 'raise what the LimitRange allows, or set agent.resources in the policy',
      source: 'policies',
    },
  ];
}

/** Whether the capability is added to pods of the namespace, and what happens to them then. */
function capability(
  { name, capability: wish, capabilities }: NamespacePolicy,
  enforce: PodSecurityLevel | undefined,
  { nodes, podSecurityDefault, openShift, openShiftNodes }: KnownCluster,
): { readonly adds: boolean; readonly finding: DoctorFinding } {
  const about = { check: 'capability', source: 'podSecurity' } as const;
  const what = capabilities.join(', ');
  if (capabilities.length === 0) {
    const detail = `policy ${name}: its profile adds no capability`;
    return { adds: false, finding: { ...about, result: 'ok', detail, source: 'policies' } };
  }
  if (wish === 'Never') {
    const detail = `policy ${name}: capability Never leaves ${what} out, which tracing one’s own child does not need`;
    return { adds: false, finding: { ...about, result: 'ok', detail, source: 'policies' } };
  }
  const level = enforce ?? podSecurityDefault;
  const by = `Pod Security ${level}${enforce === undefined ? ' (the cluster’s default)' : ''}`;
  const strict = level !== 'privileged';
  if (strict && wish === 'Always') {
    const detail = `policy ${name}: capability Always adds ${what}, and ${by} refuses every pod that has it`;
    const remedy = `set capability: Auto in policy ${name}, or label the namespace pod-security.kubernetes.io/enforce=privileged`;
    return { adds: true, finding: { ...about, result: 'problem', detail, remedy } };
  }
  if (strict || (openShift && wish === 'Auto')) {
    const who = strict ? by : 'OpenShift’s restricted constraints';
    const detail = `policy ${name}: capability Auto leaves ${what} out, since ${who} would refuse it; tracing one’s own child does not need it`;
    const remedy = 'keep capability: Auto; a workload that traces across users needs a namespace that allows it';
    const source = strict ? 'podSecurity' : 'openShift';
    return { adds: false, finding: { ...about, result: 'note', detail, remedy, source } };
  }
  if (openShift) {
    const detail = `policy ${name}: capability Always adds ${what}, and OpenShift’s restricted constraints refuse it`;
    const remedy = 'set capability: Auto, or give the ServiceAccounts there constraints that allow it';
    return { adds: true, finding: { ...about, result: 'problem', detail, remedy, source: 'openShift' } };
  }
  if (openShiftNodes) {
    const detail = `policy ${name}: ${what} is added, and OpenShift’s restricted constraints refuse it unless a ServiceAccount has wider ones`;
    const remedy = 'run Outrider with --openshift and keep capability: Auto; give doctor --openshift too';
    return { adds: true, finding: { ...about, result: 'note', detail, remedy, source: 'openShift' } };
  }
  if (wish === 'Always' && nodes.some(({ kind }) => kind === 'fargate')) {
    const detail = `policy ${name}: capability Always adds ${what}, and pods with it are not scheduled on EKS Fargate`;
    const remedy = 'set capability: Auto, which leaves it out on Fargate';
    return { adds: true, finding: { ...about, result: 'note', detail, remedy, source: 'eksFargate' } };
  }
  return {
    adds: true,
    finding: { ...about, result: 'ok', detail: `policy ${name}: ${what} is added; ${by} allows it` },
  };
}

/** Kinds of node for which pods are left alone, and the reason that is given. */
const leftAlone: readonly (readonly [kind: NodeKind, reason: ReasonCode, what: string])[] = [
  ['windows', 'windows', 'Windows nodes'],
  ['virtual', 'virtual_node', 'virtual nodes'],
  ['sandbox', 'sandboxed_runtime', 'sandboxed nodes'],
];

/** What a policy's `prefer` means for nodes on which ptrace cannot work. */
function nodesFor(policy: NamespacePolicy, adds: boolean, { nodes }: KnownCluster): readonly DoctorFinding[] {
  const { name, prefer, admits } = policy;
  const security = prefer === 'Security';
  const about = { check: 'prefer', source: 'policies' } as const;
  const findings: DoctorFinding[] = [];
  for (const [kind, reason, what] of security ? leftAlone : []) {
    if (admits.has(reason) || !nodes.some((node) => node.kind === kind)) continue;
    findings.push({
      ...about,
      result: 'note',
      detail: `policy ${name} prefers Security, so pods for the cluster’s ${what} are refused (reason ${reason})`,
      remedy: `add ${reason} to admitUninstrumented if they may run as they are, or leave them out with podSelector`,
    });
  }
  const instrumented = nodes.filter(({ kind }) => !isLeftAlone(kind));
  const stuck = instrumented.filter(({ ptrace }) => ptrace === 'no' || (ptrace === 'with-capability' && !adds));
  if (stuck.length === 0) return findings;
  const which = `${stuck.length} of ${instrumented.length} Linux nodes (${capped(
    stuck.map((node) => node.name),
    3,
  )})`;
  const cause = adds ? '' : ' without SYS_PTRACE, which is left out here';
  const effect = security ? 'prefers Security, so a pod there does not start' : 'prefers Availability';
  findings.push({
    ...about,
    result: security ? 'problem' : 'note',
    detail: `policy ${name} ${effect}: ptrace cannot work on ${which}${cause}`,
    remedy: security
      ? 'renew those nodes, keep the pods off them with a nodeSelector, or set prefer: Availability'
      : 'renew those nodes, or keep the pods off them with a nodeSelector',
  });
  return findings;
}
