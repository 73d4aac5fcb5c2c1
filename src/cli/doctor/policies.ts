import type { PolicyMatches } from '../../doctor/cluster.js';
import type { ClusterInventory } from '../../doctor/inventory.js';
import type { NamespacePolicy } from '../../doctor/namespace.js';
import { matchNamespaces, type PolicyThere } from '../../engine/matched-namespaces.js';
import { misfitEverywhere } from '../../engine/sample-fit.js';
import { namespaceLimits, type NamespaceLimits } from '../../model/namespace-limits.js';
import { objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { type Invocation, textsOf } from '../command.js';
import { loadPolicies } from '../options/policy.js';
import { clusterFacts, isOpenShift } from '../../settings/cluster-facts.js';
import { readSettings } from '../../settings/settings.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';

/** Settings about the cluster. What a policy does in a namespace depends on them. */
export const doctorSettings = commandSettings({
  'Cluster, with --policy:': ['podSecurityDefault', 'openshift', 'excludedNamespaces'],
});

/**
 * What the policies of `--policy` match in a cluster; `undefined` without that flag. Namespaces come from the cluster. If
 * its inventory has none, they come from the Namespace manifests among the policies.
 *
 * @throws OutriderError, or an AggregateError of them: what is wrong with the policies and settings
 */
export async function readMatches(
  invocation: Pick<Invocation, 'flags' | 'io'>,
  inventory: ClusterInventory,
): Promise<PolicyMatches | undefined> {
  if (textsOf(invocation.flags['policy']).length === 0) return undefined;
  const settings = doctorSettings.read(invocation);
  // The report says nothing about the images that pods get.
  const loaded = await loadPolicies(invocation, { imageRewrites: [] });
  const inCluster = new Map(inventory.namespaces.flatMap(labelled));
  const namespaces = inCluster.size > 0 ? inCluster : loaded.namespaces;
  const facts = clusterFacts(readSettings({ flags: {}, env: invocation.io.env }, clusterSettingKeys));
  const limitsOf = limitsByNamespace(inventory);
  const found = matchNamespaces(loaded.rules, namespaces, new Set(settings.excludedNamespaces));
  return {
    namespaces: found.namespaces.map((space) => {
      const limits = limitsOf(space.name);
      const misfit = ({ rule }: PolicyThere) =>
        limits === undefined ? undefined : misfitEverywhere(rule, facts, limits);
      return { ...space, policies: space.policies.map((there) => ({ ...forDoctor(there), misfit: misfit(there) })) };
    }),
    unmatched: found.unmatched,
    outranked: found.outranked,
    podSecurityDefault: settings.podSecurityDefault,
    openShift: isOpenShift(settings),
  };
}

function forDoctor({ policy, rule, pods, stop, optOutIgnored }: PolicyThere): NamespacePolicy {
  const { mode, prefer, capability } = policy.spec;
  const { capabilities } = rule.recipe;
  return {
    name: policy.name,
    mode,
    prefer,
    capability,
    capabilities,
    pods,
    stop,
    optOutIgnored,
    admits: policy.admits,
  };
}

/** What the inventory's LimitRanges and quotas ask for, by namespace. */
function limitsByNamespace({ limits }: ClusterInventory): (namespace: string) => NamespaceLimits | undefined {
  if (limits === undefined) return () => undefined;
  return (namespace) => {
    const isThere = ({ metadata }: JsonObject): boolean => objectOf(metadata)?.['namespace'] === namespace;
    return namespaceLimits(limits.ranges.filter(isThere), limits.quotas.filter(isThere));
  };
}

function labelled(namespace: JsonObject): readonly (readonly [name: string, labels: StringMap])[] {
  const metadata = objectOf(namespace['metadata']);
  const name = stringOf(metadata?.['name']);
  if (name === undefined) return [];
  return [[name, stringMembersOf(metadata?.['labels'])]];
}
