import { listOf, objectOf, type JsonObject } from '../../model/json.js';
import type { MatchCondition } from '../registration/match-conditions.js';
import type { ClaimedPolicy } from './claimed-policy.js';
import type { LiveObject, PolicyKind, PolicyObject } from './policy-object.js';
import { assignSlots, probeName } from './slots.js';

/** The API server's policies and bindings of an installation as they were read, by kind and name. */
export type Live = ReadonlyMap<string, LiveObject>;

/** A policy of ours with the objects that carry it out. */
export interface Placed {
  readonly policy: ClaimedPolicy;
  readonly judging: readonly PolicyObject[];
  readonly mutating: readonly PolicyObject[];
  /** In CEL: for which pods the mutating webhook still has something to do. */
  readonly calledFor: string;
}

/** Assigns a name to each policy that the API server can carry out, and makes its objects. */
export function placePolicies(
  wanted: readonly ClaimedPolicy[],
  live: Live,
  { instance, matchConditions }: { readonly instance: string; readonly matchConditions: readonly MatchCondition[] },
): readonly Placed[] {
  const taken = new Map<string, string>();
  const probing = probeName(instance);
  for (const { name, policy } of live.values()) if (name !== probing && policy !== '') taken.set(name, policy);
  const slots = assignSlots(
    wanted.map(({ name }) => name),
    taken,
    instance,
  );
  return wanted.flatMap((policy) => {
    const slot = slots.get(policy.name);
    if (slot === undefined) return [];
    const objects = policy.objects(slot);
    if (!objects.claimable) return [];
    const object = (kind: PolicyKind, made: JsonObject | undefined): readonly PolicyObject[] => {
      const spec = objectOf(made?.['spec']);
      if (spec === undefined) return [];
      return [{ kind, name: slot, policy: policy.name, spec: withConditions(kind, spec, matchConditions) }];
    };
    return [
      {
        policy,
        judging: [
          ...object('validatingPolicies', objects.validating),
          ...object('validatingPolicyBindings', objects.validatingBinding),
        ],
        mutating: [
          ...object('mutatingPolicies', objects.mutating),
          ...object('mutatingPolicyBindings', objects.mutatingBinding),
        ],
        calledFor: objects.calledFor,
      },
    ];
  });
}

/** The match conditions of every webhook call, before those of the policy itself. */
function withConditions(kind: PolicyKind, spec: JsonObject, more: readonly MatchCondition[]): JsonObject {
  if (more.length === 0 || (kind !== 'mutatingPolicies' && kind !== 'validatingPolicies')) return spec;
  return {
    ...spec,
    matchConditions: [
      ...more.map(({ name, expression }) => ({ name, expression })),
      ...listOf(spec['matchConditions']),
    ],
  };
}
