import type { ErrorCode, OutriderError } from '../../model/error.js';
import type { Policy } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import type { StringMap } from '../../model/selector.js';
import type { Rules } from '../../engine/rules.js';
import type { KnownOfPolicy } from '../../policy/compile.js';

/**
 * Which version of an object is carried out: the one that is there; the last valid one, because that is not valid; or
 * none. What was last valid is known per process: after a restart, an object that is not valid has none.
 */
export type Served = 'Current' | 'LastValid' | 'None';

/** What is wrong with an object, for its status. */
export interface Problem {
  readonly code: ErrorCode;
  /** Names the object and the field, and ends with a remedy. */
  readonly message: string;
  readonly field: string | undefined;
}

/** A policy as the API server has it, and what became of it. */
export interface PolicyState {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly served: Served;
  /** Generation that is carried out; `undefined` where `served` is `None`. */
  readonly servedGeneration: number | undefined;
  /** Also with `served: 'Current'`: its profile was deleted, and the last valid version of that goes on. */
  readonly problem: Problem | undefined;
  /** The served version. */
  readonly policy: Policy | undefined;
  /** Whom it is for and how it ranks, where nothing of it is served; `undefined` also when not even that can be read. */
  readonly known: KnownOfPolicy | undefined;
  /** The profile that the served version is compiled with. */
  readonly profile: Profile | undefined;
}

/** A user's profile as the API server has it, and what became of it. */
export interface ProfileState {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly served: Served;
  readonly servedGeneration: number | undefined;
  readonly problem: Problem | undefined;
  readonly profile: Profile | undefined;
}

/** All that the cluster's objects say. Made anew when they change, never changed. */
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
