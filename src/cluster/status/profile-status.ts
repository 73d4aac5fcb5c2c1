import type { JsonObject } from '../../model/json.js';
import type { ProfileStatus } from '../../model/status.js';
import type { PolicyState, ProfileState } from '../state/cluster-configuration.js';
import { conditionsOf, type Found } from './conditions.js';

/** The inputs of a profile's status, besides the profile. */
export interface ProfileFacts {
  readonly policies: readonly PolicyState[];
  /** The status that the profile has in the API server. */
  readonly before: JsonObject | undefined;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Computes the status of a user's profile. Pure. */
export function profileStatus(profile: ProfileState, { policies, before, wallMs }: ProfileFacts): ProfileStatus {
  const { servedGeneration, generation } = profile;
  const served = profile.profile;
  const users = policies.filter(
    (policy) => served !== undefined && (policy.profile === served || policy.previousProfile === served),
  );
  return {
    observedGeneration: generation,
    ...(servedGeneration === undefined ? {} : { servedGeneration }),
    policies: users.length,
    conditions: conditionsOf([{ type: 'Ready', ...ready(profile) }], generation, before, wallMs),
  };
}

function ready({ problem, served, servedGeneration, profile }: ProfileState): Found {
  if (problem === undefined) {
    return { status: 'True', reason: 'Valid', message: `Version ${profile?.spec.version ?? '?'} can be used.` };
  }
  const reason = problem.field === 'metadata.name' ? 'NameTaken' : 'ProfileInvalid';
  const rest = served === 'LastValid' ? ` Generation ${servedGeneration ?? 0} goes on.` : '';
  return { status: 'False', reason, message: `${problem.message}${rest}` };
}
