import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import { everyRule, mirrorsOf, rulesOfPolicy, type Rule, type Rules } from '../../engine/rules.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';

/** The compiled policies of a cluster, and its namespaces with their labels. */
export interface ClusterView {
  readonly rules: Rules;
  readonly namespaces: ReadonlyMap<string, StringMap>;
  /** Names of the excluded namespaces. */
  readonly excluded: ReadonlySet<string>;
}

/** An access key, or a mirrored pull secret, that pods of a policy in a namespace refer to. */
export interface WantedKey {
  readonly policy: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /** Given if the key is a copy. */
  readonly mirror: MirroredSecret | undefined;
  /** False if pods are not instrumented (modes Off and Report). An existing copy stays, but none is made. */
  readonly injects: boolean;
}

/** The keys that the policies' namespaces should have. */
export function wantedKeys({ rules, namespaces, excluded }: ClusterView): readonly WantedKey[] {
  const wanted: WantedKey[] = [];
  for (const policy of rules.policies.ranked) {
    const rule = rules.byPolicy.get(policy.name);
    if (!policy.valid || rule === undefined) continue;
    const keys = keysOf(rule);
    if (keys.length === 0) continue;
    for (const [namespace, labels] of namespaces) {
      if (excluded.has(namespace)) continue;
      if (!policy.matchesNamespace(namespaceLabelsOf(namespace, labels))) continue;
      const injects = policy.spec.mode === 'Inject';
      for (const key of keys) wanted.push({ policy: policy.name, namespace, ...key, injects });
    }
  }
  return wanted;
}

/** The keys that a policy's pods refer to, each once. */
function keysOf(rule: Rule): readonly Pick<WantedKey, 'name' | 'key' | 'mirror'>[] {
  const keys = rulesOfPolicy(rule).flatMap(({ mirror, pullMirrors, recipe: { credentials } }) => [
    ...(credentials === undefined ? [] : [{ ...credentials, mirror }]),
    ...pullMirrors.map((pull) => ({ name: pull.copy, key: pull.source.key, mirror: pull })),
  ]);
  return keys.filter(({ name, key }, at) => at === keys.findIndex((one) => one.name === name && one.key === key));
}

/** The copies of the existing policies. */
export function currentMirrors({ byPolicy }: Rules): readonly MirroredSecret[] {
  return everyRule({ byPolicy }).flatMap(([, rule]) => mirrorsOf(rule));
}

/**
 * Copies in a ledger that no policy wants any more. A policy that is not valid at the moment keeps its copies. A copy under
 * an earlier name stays next to the current one, because older pods read it whenever one of their containers starts.
 */
export function obsoleteCopies(
  { byPolicy, policyNames }: Rules,
  copies: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const known = new Set(policyNames);
  return new Map(
    [...copies].filter(([copy, policy]) => {
      const rule = byPolicy.get(policy);
      if (rule === undefined) return !known.has(policy);
      return !rulesOfPolicy(rule).some((one) => mirrorsOf(one).some((mirror) => isCopyOf(mirror, copy)));
    }),
  );
}

/** Whether a name is one of a mirrored key's copies, including those of earlier versions. */
function isCopyOf(mirror: MirroredSecret, copy: string): boolean {
  return mirror.copy === copy || mirror.earlierCopy === copy;
}
