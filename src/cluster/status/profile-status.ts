import type { JsonObject } from '../../model/json.js';
import type { ProfileStatus } from '../../model/status.js';
import type { PolicyState, ProfileState } from '../state/cluster-configuration.js';
import { conditionsOf, type Found } from './conditions.js';

/** What a profile's status is made of, beside the profile. */
export interface ProfileFacts {
  readonly policies: readonly PolicyState[];
  /** The status that the profile has in the API server. */
  readonly before: JsonObject | undefined;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Says how a user's profile stands. Pure. */
export function profileStatus(profile: ProfileState, { policies, before, wallMs }: ProfileFacts): ProfileStatus {
  const { servedGeneration, generation } = profile;
  const users = policies.filter((policy) => policy.profile !== undefined && policy.profile === profile.profile);
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
