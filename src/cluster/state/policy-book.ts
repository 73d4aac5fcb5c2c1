import { isDeepStrictEqual } from 'node:util';
import { readPolicyObject, type ReadObject } from '../../documents/configuration/object.js';
import { compileRule, knownOf, located, rulesOf, type Rule, type Rules } from '../../engine/rules.js';
import { OutriderError } from '../../model/error.js';
import type { Policy } from '../../model/policy.js';
import {
  compilePolicy,
  invalidPolicy,
  type CompiledPolicy,
  type KnownOfPolicy,
  type RankedPolicy,
} from '../../policy/compile.js';
import { salvagePolicy } from '../../policy/salvage.js';
import type { ProfileRegistry } from '../../profile/registry.js';
import type { CompileOptions } from '../../engine/rules.js';
import { problemOf, type PolicyState } from './cluster-configuration.js';
import { byName, isSame } from './profile-book.js';
import type { WatchedObject } from './watched-object.js';

/** A version of a policy that can be carried out. */
interface Valid {
  readonly policy: Policy;
  readonly compiled: CompiledPolicy;
  readonly rule: Rule;
  readonly generation: number;
}

interface Entry {
  readonly watched: WatchedObject;
  readonly read: ReadObject<Policy>;
  /** Why what is there is not served, or is served with a profile that is gone. */
  readonly error: OutriderError | undefined;
  /** What is served: what is there, or what was last valid. */
  readonly valid: Valid | undefined;
  /** Whether `valid` is what is there. */
  readonly current: boolean;
  /** Stands in the rules where nothing is served (E41). */
  readonly known: KnownOfPolicy | undefined;
}

/**
 * The policies, compiled. One that was edited into nonsense (its form, its profile, its settings) goes on as it was last
 * valid; with no such version it stands in the rules as not valid, so that a Security policy denies `policy_invalid`.
 * One that was deleted is gone. A policy whose profile was deleted keeps the profile that it was compiled with, also
 * when it is edited, so that it can still be silenced.
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
   * Takes over what there is now. Only what changed is compiled again, or what is to be carried out with another profile.
   * @returns false when nothing that is served, no profile and nothing that is wrong changed
   */
  update(objects: Iterable<WatchedObject>, registry: ProfileRegistry): boolean {
    const entries = new Map<string, Entry>();
    for (const watched of [...objects].sort(byName)) {
      entries.set(watched.name, this.#entryOf(watched, this.#entries.get(watched.name), registry));
    }
    const before = this.#entries;
    this.#entries = entries;
    // A profile that no policy uses is one by which a pod is known to be instrumented already.
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
    const { name } = policy.spec.profile;
    const listed = registry.profiles.get(name);
    const kept = before?.valid?.rule.profile;
    const profile = listed ?? (kept?.metadata.name === name ? kept : undefined);
    const gone = listed === undefined && profile !== undefined;
    if (same && before.current && before.valid?.rule.profile === profile && gone === (before.error !== undefined)) {
      return before.watched.generation === watched.generation ? before : { ...before, watched };
    }
    try {
      const profiles = profile === undefined ? registry : { profiles: new Map([[name, profile]]), problems: [] };
      const rule = compileRule(policy, profiles, this.#options);
      const valid = { policy, compiled: compilePolicy(policy), rule, generation: watched.generation };
      return {
        watched,
        read,
        error: gone ? deletedProfile(policy) : undefined,
        valid,
        current: true,
        known: undefined,
      };
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

function deletedProfile(policy: Policy): OutriderError {
  const field = 'spec.profile.name';
  const { name } = policy.spec.profile;
  const text = `${field} is ${name}, which was deleted; its last version goes on until Outrider restarts: make the profile again, or name another.`;
  return located(new OutriderError('profile_unknown', text, { field }), policy);
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
  };
}
