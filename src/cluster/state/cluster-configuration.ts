import type { ErrorCode, OutriderError } from '../../model/error.js';
import type { Policy } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import type { SessionDefaults, Sessions } from '../../model/sessions.js';
import type { StringMap } from '../../model/selector.js';
import type { Rules } from '../../engine/rules.js';
import type { KnownOfPolicy } from '../../policy/compile.js';

/**
 * The version of an object that is in use: the current one; the last valid one, because the current one is not valid; or
 * none. Each process only remembers valid versions that it has seen. After a restart, an object that is not valid has none.
 */
export type Served = 'Current' | 'LastValid' | 'None';

/** The problem with an object, for its status. */
export interface Problem {
  readonly code: ErrorCode;
  /** Names the object and the field, and ends with a remedy. */
  readonly message: string;
  readonly field: string | undefined;
}

/** A policy in the API server, and its result here. */
export interface PolicyState {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly served: Served;
  /** The generation in use; `undefined` if `served` is `None`. */
  readonly servedGeneration: number | undefined;
  /** Also possible with `served: 'Current'`: its profile was deleted, and the profile's last valid version stays in use. */
  readonly problem: Problem | undefined;
  /** The served version. */
  readonly policy: Policy | undefined;
  /** Its selectors and its rank, if no version is served; `undefined` if even that cannot be read. */
  readonly known: KnownOfPolicy | undefined;
  /** The profile that the served version is compiled with. */
  readonly profile: Profile | undefined;
  /** The profile that its canary keeps for the workloads that it leaves out; absent for none. */
  readonly previousProfile?: Profile;
  /** What happens to sessions by the served version. */
  readonly sessions: Sessions | undefined;
  /** Why debug containers in the served version's pods cannot be traced although they should be; absent if they can. */
  readonly debugTrouble?: string;
  /** The default if a strict version says nothing about sessions. */
  readonly sessionDefaults: SessionDefaults;
}

/** A user's profile in the API server, and its result here. */
export interface ProfileState {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly served: Served;
  readonly servedGeneration: number | undefined;
  readonly problem: Problem | undefined;
  readonly profile: Profile | undefined;
}

/** The contents of the cluster's objects. A new one replaces it when they change; it is never mutated. */
export interface ClusterConfiguration {
  readonly rules: Rules;
  /** Sorted by name. */
  readonly policies: readonly PolicyState[];
  /** Sorted by name; the built-in ones are not among them. */
  readonly profiles: readonly ProfileState[];
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, StringMap>;
}

/** An error as it is kept for a status. */
export function problemOf({ code, message, field }: OutriderError): Problem {
  return { code, message, field };
}
