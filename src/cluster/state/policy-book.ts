import { isDeepStrictEqual } from 'node:util';
import { readPolicyObject, type ReadObject } from '../../documents/configuration/object.js';
import { compileRule, knownOf, located, rulesOf, rulesOfPolicy, type Rule, type Rules } from '../../engine/rules.js';
import { OutriderError } from '../../model/error.js';
import type { Policy } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import {
  compilePolicy,
  invalidPolicy,
  type CompiledPolicy,
  type KnownOfPolicy,
  type RankedPolicy,
} from '../../policy/compile.js';
import { debugTrouble } from '../../inject/pod/debug/tracer-files.js';
import { sessionDefaultKinds, type SessionDefaults } from '../../model/sessions.js';
import { salvagePolicy } from '../../policy/salvage.js';
import type { ProfileRegistry } from '../../profile/registry.js';
import type { CompileOptions } from '../../engine/rules.js';
import { problemOf, type PolicyState } from './cluster-configuration.js';
import { byName, isSame } from './profile-book.js';
import type { WatchedObject } from './watched-object.js';

/** A usable version of a policy. */
interface Valid {
  readonly policy: Policy;
  readonly compiled: CompiledPolicy;
  readonly rule: Rule;
  readonly sessionDefaults: SessionDefaults;
  readonly generation: number;
  /** What the agents’ images start, as the rule was made with. */
  readonly argvs: readonly (readonly string[] | undefined)[];
}

interface Entry {
  readonly watched: WatchedObject;
  readonly read: ReadObject<Policy>;
  /** Why the current version is not served, or is served with a deleted profile. */
  readonly error: OutriderError | undefined;
  /** The served version: the current one, or the last valid one. */
  readonly valid: Valid | undefined;
  /** Whether `valid` is the current version. */
  readonly current: boolean;
  /** Its place in the rules if no version is served (E41). */
  readonly known: KnownOfPolicy | undefined;
}

/**
 * The compiled policies. If an edit makes a policy invalid (its form, its profile, its settings), its last valid version
 * stays in use. Without such a version it is in the rules as not valid, so that a Security policy denies with
 * `policy_invalid`. A deleted policy is gone. A policy whose profile was deleted keeps the profile that it was compiled
 * with, even if it is edited, so that it can still be switched off.
 */
export class PolicyBook {
  readonly #options: CompileOptions;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #rules: Rules = rulesOf([], new Map(), { profiles: new Map() });
  #registry: ProfileRegistry | undefined;
  #states: readonly PolicyState[] = [];

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  get rules(): Rules {
    return this.#rules;
  }

  get states(): readonly PolicyState[] {
    return this.#states;
  }

  /**
   * Takes over the current objects. A policy is only compiled again if it changed, or if its profile or the information
   * about what its agent’s image starts changed.
   * @returns false when nothing that is served, no profile and nothing that is wrong changed
   */
  update(objects: Iterable<WatchedObject>, registry: ProfileRegistry): boolean {
    const entries = new Map<string, Entry>();
    for (const watched of [...objects].sort(byName)) {
      entries.set(watched.name, this.#withArgv(this.#entryOf(watched, this.#entries.get(watched.name), registry)));
    }
    const before = this.#entries;
    this.#entries = entries;
    // A profile that no policy uses still helps to recognise pods that are already instrumented.
    const sameProfiles = this.#registry === registry;
    this.#registry = registry;
    if (sameProfiles && isSame(before, entries)) return false;
    const ranked: RankedPolicy[] = [];
    const byPolicy = new Map<string, Rule>();
    for (const [name, { valid, known, error }] of entries) {
      if (valid !== undefined) {
        ranked.push(valid.compiled);
        byPolicy.set(name, valid.rule);
      } else if (known !== undefined) ranked.push(invalidPolicy(known, error?.message ?? ''));
    }
    this.#rules = rulesOf(ranked, byPolicy, registry);
    this.#states = [...entries.values()].map(stateOf);
    return true;
  }

  /** The entry, with its served version, for what its agent’s image is now known to start. */
  #withArgv(entry: Entry): Entry {
    const { valid } = entry;
    if (valid === undefined) return entry;
    const argvs = this.#argvsFor(valid.rule);
    if (isDeepStrictEqual(argvs, valid.argvs)) return entry;
    const { policy, sessionDefaults, rule: before } = valid;
    const rule = compileRule(policy, registryOf(profilesIn(before)), { ...this.#options, sessionDefaults });
    return { ...entry, valid: { ...valid, argvs, rule } };
  }

  #argvsFor(rule: Rule): Valid['argvs'] {
    return rulesOfPolicy(rule).map(({ recipe: { sidecar } }) =>
      sidecar === undefined ? undefined : this.#options.argvOf?.(sidecar.image),
    );
  }

  #entryOf(watched: WatchedObject, previous: Entry | undefined, registry: ProfileRegistry): Entry {
    const before = previous?.watched.uid === watched.uid ? previous : undefined;
    const same = before !== undefined && isDeepStrictEqual(before.watched.document, watched.document);
    const read = same ? before.read : readPolicyObject(watched.document);
    if (read.value === undefined) {
      if (same && before.watched.generation === watched.generation) return before;
      const { error } = read;
      return { watched, read, error, valid: before?.valid, current: false, known: salvagePolicy(watched.document) };
    }
    const policy = read.value;
    const kept = before?.valid === undefined ? [] : profilesIn(before.valid.rule);
    const { profiles, gone } = profilesFor(policy, registry, kept);
    const sessionDefaults = sessionDefaultsOf(watched);
    const asBefore =
      profiles?.length === kept.length &&
      profiles.every((profile, at) => profile === kept[at]) &&
      before?.valid?.sessionDefaults === sessionDefaults;
    if (same && before.current && asBefore && gone?.message === before.error?.message) {
      return before.watched.generation === watched.generation ? before : { ...before, watched };
    }
    try {
      const known = profiles === undefined ? registry : registryOf(profiles);
      const rule = compileRule(policy, known, { ...this.#options, sessionDefaults });
      const argvs = this.#argvsFor(rule);
      const { generation } = watched;
      const valid = { policy, compiled: compilePolicy(policy), rule, sessionDefaults, generation, argvs };
      return { watched, read, error: gone, valid, current: true, known: undefined };
    } catch (cause) {
      const error = errorOf(cause, policy);
      if (same && before.error?.message === error.message && !before.current) return before;
      return { watched, read, error, valid: before?.valid, current: false, known: knownOf(policy) };
    }
  }
}

function errorOf(cause: unknown, policy: Policy): OutriderError {
  if (cause instanceof OutriderError) return located(cause, policy);
  const text = cause instanceof Error ? cause.message : String(cause);
  return located(new OutriderError('internal', `it cannot be compiled: ${text}`, { cause }), policy);
}

/** The profiles that a rule was compiled with: the policy's own, and the one that its canary keeps. */
function profilesIn(rule: Rule): readonly Profile[] {
  return rulesOfPolicy(rule).map(({ profile }) => profile);
}

function registryOf(profiles: readonly Profile[]): ProfileRegistry {
  return { profiles: new Map(profiles.map((profile) => [profile.metadata.name, profile])), problems: [] };
}

/**
 * The profiles that a policy names, those that were deleted as they were.
 *
 * @param kept what the policy was compiled with before
 * @returns no profiles where there is not each of them; and what is wrong where one is deleted
 */
function profilesFor(
  policy: Policy,
  registry: ProfileRegistry,
  kept: readonly Profile[],
): { readonly profiles?: readonly Profile[]; readonly gone?: OutriderError } {
  const { profile, canary } = policy.spec;
  const named = [
    { field: 'spec.profile.name', name: profile.name },
    ...(canary?.previous === undefined
      ? []
      : [{ field: 'spec.canary.previous.profile.name', name: canary.previous.profile.name }]),
  ];
  const profiles: Profile[] = [];
  let gone: OutriderError | undefined;
  for (const { field, name } of named) {
    const listed = registry.profiles.get(name);
    const found = listed ?? kept.find(({ metadata }) => metadata.name === name);
    if (found === undefined) return {};
    profiles.push(found);
    if (listed === undefined) gone ??= deletedProfile(policy, field, name);
  }
  return { profiles, ...(gone === undefined ? {} : { gone }) };
}

function deletedProfile(policy: Policy, field: string, name: string): OutriderError {
  const text = `${field} is ${name}, which was deleted; its last version goes on until Outrider restarts: make the profile again, or name another.`;
  return located(new OutriderError('profile_unknown', text, { field }), policy);
}

/**
 * The default if a strict policy says nothing about sessions. A policy whose status was written without it is older than the
 * field, so its running pods must not get what was not asked for. A policy without a status is new.
 */
function sessionDefaultsOf({ status }: WatchedObject): SessionDefaults {
  const noted = sessionDefaultKinds.find((kind) => kind === status['sessionDefaults']);
  return noted ?? (Object.keys(status).length === 0 ? 'Trace' : 'Record');
}

function debugTroubleOf({ recipe, wishes, sessions }: Rule): Pick<PolicyState, 'debugTrouble'> {
  const trouble = sessions.debug === 'Trace' ? debugTrouble(recipe, wishes) : undefined;
  return trouble === undefined ? {} : { debugTrouble: trouble.detail };
}

function previousProfileOf(rule: Rule | undefined): Pick<PolicyState, 'previousProfile'> {
  const previous = rule?.canary?.previous;
  return previous === undefined ? {} : { previousProfile: previous.profile };
}

function stateOf({ watched, error, valid, current, known }: Entry): PolicyState {
  return {
    name: watched.name,
    uid: watched.uid,
    generation: watched.generation,
    served: valid === undefined ? 'None' : current ? 'Current' : 'LastValid',
    servedGeneration: current ? watched.generation : valid?.generation,
    problem: error && problemOf(error),
    policy: valid?.policy,
    known: valid === undefined ? known : undefined,
    profile: valid?.rule.profile,
    ...previousProfileOf(valid?.rule),
    sessions: valid?.rule.sessions,
    ...(valid === undefined ? {} : debugTroubleOf(valid.rule)),
    sessionDefaults: sessionDefaultsOf(watched),
  };
}
