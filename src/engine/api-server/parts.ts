import type { KnownLimits } from '../known-limits.js';
import { objectOf, stringMembersOf, type JsonObject } from '../../model/json.js';
import type { PartsOfPlan } from '../../model/instrumentation-plan.js';
import { names } from '../../model/names.js';
import { noLimits, type NamespaceLimits, type QuotaDemand } from '../../model/namespace-limits.js';
import type { NotClaimable } from '../../model/not-claimable.js';
import type { StringMap } from '../../model/selector.js';
import type { CompiledPolicy } from '../../policy/compile.js';
import { rankPolicies } from '../../policy/compile.js';
import type { Operation } from '../../model/patch.js';
import type { Plan, PlannedMember } from '../../inject/pod/plan.js';
import { stampOf } from '../../inject/pod/record.js';
import type { Engine, PodRequest } from '../engine.js';
import { instrument } from '../instrument.js';
import type { Outcome } from '../outcome.js';
import { containerAsStored, mountAsStored, variableAsStored, volumeAsStored } from './as-stored.js';
import type { Claim } from './claimable.js';
import { termsOf } from './terms.js';

/**
 * Pods that stand for all those with the same key, which is what of a workload decides about the amounts of our containers.
 * The keys are worked out in CEL, too (`conditions.ts`).
 */
const bothLimits = { cpu: '1', memory: '1Gi' };
const storage = { 'ephemeral-storage': '1Gi' };
const samples: Readonly<Record<string, JsonObject>> = {
  '--': {},
  'c-': { limits: { cpu: '1' } },
  'g-': { limits: bothLimits },
  '-e': { limits: storage },
  ce: { limits: { cpu: '1', ...storage } },
  ge: { limits: { ...bothLimits, ...storage } },
};

/**
 * What pods of a policy get in a namespace, by the engine itself: it is asked about pods that have nothing special about them.
 * What it does not know yet of the namespace is not claimed.
 */
export function partsOf(
  claim: Claim,
  engine: Engine,
  namespace: string,
  namespaceLabels: StringMap,
): PartsOfPlan | NotClaimable {
  const limits = engine.limits?.of(namespace);
  if (engine.limits !== undefined && (limits === undefined || limits.pod.size > 0 || limits.quotas.some(isScoped))) {
    const detail = limits === undefined ? 'are not known yet' : 'ask for amounts that depend on the pod';
    return { reason: 'amounts_by_pod', detail: `LimitRanges and quotas of ${namespace} ${detail}` };
  }
  const one = engineOfOne(claim, engine, limits);
  const of = (resources: JsonObject): Outcome | undefined => {
    const outcome = instrument({ ...request(resources), namespace, namespaceLabels }, one);
    // Without look-ups there is nothing to wait for.
    return outcome instanceof Promise ? undefined : outcome;
  };
  const plain = of({});
  const { decision, plan, patch } = plain ?? {};
  if (decision?.decision !== 'inject' || plan === undefined || patch === undefined) {
    const detail = decision === undefined ? 'it is not known yet' : `${decision.reason}: ${decision.detail}`;
    return { reason: 'not_injected', detail };
  }
  const amounts: PartsOfPlan['amounts'] = {};
  for (const [key, resources] of Object.entries(samples)) {
    // Without an agent, what the steps of a Guaranteed pod get depends on its first container.
    if (key.startsWith('g') && claim.rule.recipe.sidecar === undefined) continue;
    const found = of(resources);
    if (found?.decision.decision !== 'inject' || found.plan === undefined) continue;
    amounts[key] = { stamp: stampOf(claim.rule.stamp, found.plan), resources: resourcesIn(found.plan) };
  }
  return partsIn(plan, patch, amounts, claim, engine);
}

function isScoped({ scopes }: QuotaDemand): boolean {
  return scopes.length > 0;
}

function request(resources: JsonObject): Omit<PodRequest, 'namespace' | 'namespaceLabels'> {
  const containers = [{ name: 'app', image: 'app', command: ['/app'], resources }];
  return { pod: { metadata: {}, spec: { containers } }, door: 'mutate', admitted: true, trace: false, dryRun: true };
}

/** The same of a namespace that nothing is known of, and in which everything is there. */
export function partsAnywhere(claim: Claim, engine: Engine): PartsOfPlan | NotClaimable {
  const open: Engine = {
    ...engine,
    excludedNamespaces: new Set(),
    secretState: () => 'present',
    limits: knowing(noLimits),
  };
  return partsOf(claim, open, '', {});
}

/** An engine with one policy, for every pod and container, and with what is known of the namespace. */
function engineOfOne({ policy }: Claim, engine: Engine, limits: NamespaceLimits | undefined): Engine {
  const all: CompiledPolicy = {
    ...policy,
    matchesNamespace: () => true,
    matchesPod: () => true,
    include: () => true,
    exclude: () => undefined,
  };
  const rules = { ...engine.rules, policies: rankPolicies([all]) };
  return { ...engine, rules, limits: knowing(limits ?? noLimits) };
}

function knowing(limits: NamespaceLimits): KnownLimits {
  return { of: () => limits, trouble: () => undefined, prepare: () => undefined };
}

function partsIn(
  plan: Plan,
  patch: readonly Operation[],
  amounts: PartsOfPlan['amounts'],
  claim: Claim,
  engine: Engine,
): PartsOfPlan {
  const { recipe } = claim.rule;
  const [workload] = plan.workload;
  const annotations = textsAt(patch, '/metadata/annotations');
  const apart: readonly string[] = [safeToEvict, names.plan];
  return {
    amounts,
    labels: textsAt(patch, '/metadata/labels'),
    annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => !apart.includes(name))),
    evictable: annotations[safeToEvict] ?? '',
    wrapper: [...(recipe.wrapper ?? [])],
    env: (workload?.env ?? []).map(variableAsStored),
    mounts: (workload?.mounts ?? []).map(mountAsStored),
    capabilities: [...(workload?.capabilities ?? [])],
    volumes: plan.volumes.map(({ value }) => volumeAsStored(value)),
    steps: valuesOf(plan.initContainers.filter(({ part }) => part !== 'agent')),
    agentInit: valuesOf(plan.initContainers.filter(({ part }) => part === 'agent')),
    agentContainers: valuesOf(plan.containers),
    shareProcessNamespace: plan.shareProcessNamespace,
    terms: termsOf(claim, engine, plan.containers.length === 0),
    pullSecrets: [...plan.pullSecrets],
  };
}

function resourcesIn({ initContainers, containers }: Plan): JsonObject[] {
  const steps = initContainers.filter(({ part }) => part !== 'agent');
  const agent = initContainers.filter(({ part }) => part === 'agent');
  return [...steps, ...agent, ...containers].map(({ value }) => objectOf(containerAsStored(value)['resources']) ?? {});
}

const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

function valuesOf(members: readonly PlannedMember[]): JsonObject[] {
  return members.map(({ value }) =>
    Object.fromEntries(Object.entries(containerAsStored(value)).filter(([field]) => field !== 'resources')),
  );
}

/** What a patch of a pod without any makes of its labels or annotations. */
function textsAt(patch: readonly Operation[], path: string): Record<string, string> {
  const found = patch.find((operation) => operation.path === path);
  return { ...stringMembersOf(found !== undefined && 'value' in found ? objectOf(found.value) : {}) };
}
