import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Rules } from '../../engine/rules.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';

/** The compiled policies of a cluster, and its namespaces with their labels. */
export interface ClusterView {
  readonly rules: Rules;
  readonly namespaces: ReadonlyMap<string, StringMap>;
  /** Names of the namespaces that are never touched. */
  readonly excluded: ReadonlySet<string>;
}

/** An access key that pods of a policy in a namespace refer to. */
export interface WantedKey {
  readonly policy: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /** Given where the key is a copy. */
  readonly mirror: MirroredSecret | undefined;
  /** False where pods are not instrumented (mode Off and Report): a copy that is there stays, none is made. */
  readonly injects: boolean;
}

/** The keys that the policies' namespaces should have. */
export function wantedKeys({ rules, namespaces, excluded }: ClusterView): readonly WantedKey[] {
  const wanted: WantedKey[] = [];
  for (const policy of rules.policies.ranked) {
    const rule = rules.byPolicy.get(policy.name);
    const credentials = rule?.recipe.credentials;
    if (!policy.valid || rule === undefined || credentials === undefined) continue;
    for (const [namespace, labels] of namespaces) {
      if (excluded.has(namespace)) continue;
      if (!policy.matchesNamespace(namespaceLabelsOf(namespace, labels))) continue;
      wanted.push({
        policy: policy.name,
        namespace,
        ...credentials,
        mirror: rule.mirror,
        injects: policy.spec.mode === 'Inject',
      });
    }
  }
  return wanted;
}

/** The copies of the policies that there are. */
export function currentMirrors({ byPolicy }: Rules): readonly MirroredSecret[] {
  return [...byPolicy.values()].flatMap(({ mirror }) => mirror ?? []);
}

/**
 * Copies by a ledger that no policy wants any more. A policy that is not valid just now keeps its copies, and a copy under
 * its earlier name stays beside the one of today: pods of then read it whenever a container of theirs starts.
 */
export function obsoleteCopies(
  { byPolicy, policyNames }: Rules,
  copies: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const known = new Set(policyNames);
  return new Map(
    [...copies].filter(([copy, policy]) => {
      const rule = byPolicy.get(policy);
      return rule === undefined ? !known.has(policy) : !isCopyOf(rule.mirror, copy);
    }),
  );
}

/** Whether a name is one of a mirrored key's copies, that of earlier versions included. */
function isCopyOf(mirror: MirroredSecret | undefined, copy: string): boolean {
  return mirror !== undefined && (mirror.copy === copy || mirror.earlierCopy === copy);
}
