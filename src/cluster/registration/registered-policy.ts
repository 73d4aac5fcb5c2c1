import { canDeny, type Policy, type Prefer } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import type { LabelSelector } from '../../model/selector.js';
import type { KnownOfPolicy } from '../../policy/compile.js';
import { exemptConditions, exemptionsOf } from '../../policy/exempt.js';
import type { MatchCondition } from './match-conditions.js';

/** What of a policy says which entries it has. */
export interface RegisteredPolicy {
  readonly name: string;
  readonly mode: 'Off' | 'Report' | 'Inject';
  readonly prefer: Prefer;
  /** False for a policy that is not valid and has no last valid version: it changes no pod. */
  readonly valid: boolean;
  readonly canDeny: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
  /** What is true of the pods that it has to be asked about: it exempts the others (F20). */
  readonly asksFor: readonly MatchCondition[];
  /** What this was made from; absent: not told. */
  readonly madeFrom?: ObjectVersion;
}

/** A version of an object. */
export interface ObjectVersion {
  readonly uid: string;
  readonly generation: number;
}

/**
 * A valid policy, or the last valid version of one.
 * @param profile the one that it is carried out with; nothing is exempt where that is not known
 */
export function registered({ metadata, spec }: Policy, profile: Profile | undefined): RegisteredPolicy {
  return {
    name: metadata.name,
    mode: spec.mode,
    prefer: spec.prefer,
    valid: true,
    canDeny: canDeny(spec),
    namespaceSelector: spec.match.namespaceSelector,
    podSelector: spec.match.podSelector,
    asksFor: exemptConditions(exemptionsOf(spec, new Set(profile?.spec.skipWhen))),
  };
}

/** A policy that is not valid and has no last valid version. Under Security it denies (E41), and exempts nothing. */
export function registeredInvalid(known: KnownOfPolicy): RegisteredPolicy {
  const { name, mode, prefer, namespaceSelector, podSelector } = known;
  return {
    name,
    mode,
    prefer,
    valid: false,
    canDeny: prefer === 'Security',
    namespaceSelector,
    podSelector,
    asksFor: [],
  };
}

/** What is registered of policies, as the cluster's state has them: what is served of each, else what is known of it. */
export function registeredPolicies(
  states: readonly {
    readonly policy: Policy | undefined;
    readonly profile: Profile | undefined;
    readonly known: KnownOfPolicy | undefined;
    readonly uid?: string;
    readonly generation?: number;
  }[],
): readonly RegisteredPolicy[] {
  return states.flatMap(({ policy, profile, known, uid, generation }) => {
    const from = uid === undefined || generation === undefined ? {} : { madeFrom: { uid, generation } };
    if (policy !== undefined) return [{ ...registered(policy, profile), ...from }];
    return known === undefined ? [] : [{ ...registeredInvalid(known), ...from }];
  });
}
