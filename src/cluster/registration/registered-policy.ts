import { canDeny, isStrict, type Policy, type Prefer } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import type { LabelSelector } from '../../model/selector.js';
import type { SessionDefaults, Sessions } from '../../model/sessions.js';
import type { KnownOfPolicy } from '../../policy/compile.js';
import { exemptConditions, exemptionsOf } from '../../policy/exempt.js';
import type { MatchCondition } from './match-conditions.js';

/** The parts of a policy that decide its entries. */
export interface RegisteredPolicy {
  readonly name: string;
  readonly mode: 'Off' | 'Report' | 'Inject';
  readonly prefer: Prefer;
  /** False for a policy that is not valid and has no last valid version: it changes no pod. */
  readonly valid: boolean;
  readonly canDeny: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
  /** What is true of the pods for which the webhook must be called. The policy exempts the others (F20). */
  readonly asksFor: readonly MatchCondition[];
  /** What it requires for the ways into its running pods; absent: nothing. */
  readonly ways?: WantedWays;
  /**
   * Whether the API server itself judges the pods that it instrumented. The validating webhook is then not called for them.
   */
  readonly judgesItself?: boolean;
  /** In CEL: for which pods the mutating webhook is called, where the API server instruments some by itself. Absent: for all. */
  readonly calledFor?: string;
  /** What this was made from; absent if unknown. */
  readonly madeFrom?: ObjectVersion;
}

/** What a policy requires for the ways into its running pods. */
export interface WantedWays extends Sessions {
  /** Whether updates are judged. */
  readonly updates: 'Allow' | 'Deny';
}

/** A version of an object. */
export interface ObjectVersion {
  readonly uid: string;
  readonly generation: number;
}

/**
 * A valid policy, or the last valid version of one.
 * @param profile the profile that it is carried out with. If it is unknown, nothing is exempt
 * @param sessions what happens to sessions; absent: the webhook is not called about running pods
 */
export function registered(
  { metadata, spec }: Policy,
  profile: Profile | undefined,
  sessions?: Sessions,
): RegisteredPolicy {
  const updates = isStrict(spec) && spec.mode === 'Inject' ? 'Deny' : 'Allow';
  return {
    name: metadata.name,
    mode: spec.mode,
    prefer: spec.prefer,
    valid: true,
    canDeny: canDeny(spec),
    namespaceSelector: spec.match.namespaceSelector,
    podSelector: spec.match.podSelector,
    asksFor: exemptConditions(exemptionsOf(spec, new Set(profile?.spec.skipWhen))),
    ...(sessions === undefined ? {} : { ways: { ...sessions, updates } }),
  };
}

/**
 * A policy that is not valid and has no last valid version. Under Security it denies (E41) and exempts nothing. That
 * includes what would be traced in running pods, unless the policy is older than that field.
 */
export function registeredInvalid(known: KnownOfPolicy, sessionDefaults?: SessionDefaults): RegisteredPolicy {
  const { name, mode, prefer, namespaceSelector, podSelector } = known;
  const denies = prefer === 'Security' && mode === 'Inject';
  const ofSessions = sessionDefaults === 'Trace' ? 'Deny' : 'Allow';
  return {
    name,
    mode,
    prefer,
    valid: false,
    canDeny: prefer === 'Security',
    namespaceSelector,
    podSelector,
    asksFor: [],
    ...(denies && sessionDefaults !== undefined
      ? {
          ways: {
            exec: ofSessions,
            attach: 'Allow',
            debug: ofSessions,
            updates: 'Deny',
            exempt: { users: [], groups: [] },
          },
        }
      : {}),
  };
}

/**
 * What is registered for the policies in the cluster's state: the served version of each, otherwise what is known about it.
 */
export function registeredPolicies(
  states: readonly {
    readonly policy: Policy | undefined;
    readonly profile: Profile | undefined;
    readonly known: KnownOfPolicy | undefined;
    readonly uid?: string;
    readonly generation?: number;
    readonly sessions?: Sessions | undefined;
    readonly sessionDefaults?: SessionDefaults;
  }[],
): readonly RegisteredPolicy[] {
  return states.flatMap(({ policy, profile, known, uid, generation, sessions, sessionDefaults }) => {
    const from = uid === undefined || generation === undefined ? {} : { madeFrom: { uid, generation } };
    if (policy !== undefined) return [{ ...registered(policy, profile, sessions), ...from }];
    return known === undefined ? [] : [{ ...registeredInvalid(known, sessionDefaults), ...from }];
  });
}
