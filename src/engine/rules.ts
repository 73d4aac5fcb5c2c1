import { createHash } from 'node:crypto';
import { OutriderError } from '../model/error.js';
import { deepFrozen } from '../model/json.js';
import type { Exemption } from '../model/exemption.js';
import type { Policy } from '../model/policy.js';
import type { Profile } from '../model/profile.js';
import type { Recipe } from '../model/recipe.js';
import { wishesOf, type Wishes } from '../model/wishes.js';
import {
  compilePolicy,
  invalidPolicy,
  rankPolicies,
  type KnownOfPolicy,
  type PolicySet,
  type RankedPolicy,
} from '../policy/compile.js';
import { exemptionsOf } from '../policy/exempt.js';
import { partsLayout } from '../inject/pod/layout.js';
import { OwnParts } from '../inject/pod/own-parts.js';
import type { KnownTracers } from '../model/tracers.js';
import { knownTracers } from '../profile/known-tracers.js';
import { mirroredSecret, type MirroredSecret } from './mirrored-secret.js';
import { findProfile, type ProfileRegistry } from '../profile/registry.js';
import { renderRecipe, type RenderOptions } from '../profile/render.js';

/** What is known of a policy whose document is not valid, and what is wrong with it. */
export interface BrokenPolicy {
  readonly known: KnownOfPolicy;
  readonly problem: string;
}

/** How one policy is carried out. */
export interface Rule {
  readonly recipe: Recipe;
  readonly wishes: Wishes;
  /** The recipe's own containers, kept from pod to pod. */
  readonly parts: OwnParts;
  readonly profile: Profile;
  /** Which pods the policy exempts from everything else. */
  readonly exemptions: readonly Exemption[];
  /** What is stamped on pods: the profile, its version and the recipe's hash. */
  readonly stamp: string;
  /** The access key's way into the pod's namespace, where the policy mirrors it. */
  readonly mirror?: MirroredSecret;
}

/** What a compilation goes by beside policies and profiles. */
export interface CompileOptions extends Pick<RenderOptions, 'argvOf'> {
  /**
   * Whether pods of policies with `credentials.mirror` refer to the copies: true unless given, as in a cluster that
   * makes them. False where nobody makes them: such a policy then is as one without.
   */
  readonly mirrors?: boolean;
  /** Name of the installation that makes the copies; the usual one unless given. */
  readonly instance?: string;
}

/** Every policy and profile, ready for pods. Made anew when the configuration changes, never changed. */
export interface Rules {
  readonly policies: PolicySet;
  /** By policy name; a policy that is not valid has none. */
  readonly byPolicy: ReadonlyMap<string, Rule>;
  /** Names of all policies, valid or not. */
  readonly policyNames: readonly string[];
  /** What every profile traces with, whether a policy uses it or not. */
  readonly tracers: KnownTracers;
}

/**
 * Compiles policies with their profiles.
 *
 * @param broken policies whose documents are not valid and that have no last valid version (E41)
 * @returns the rules, and a problem for each policy whose profile or settings are not valid
 */
export function compileRules(
  policies: readonly { readonly policy: Policy; readonly file?: string }[],
  registry: ProfileRegistry,
  options: CompileOptions = {},
  broken: readonly BrokenPolicy[] = [],
): { readonly rules: Rules; readonly problems: readonly OutriderError[] } {
  const ranked: RankedPolicy[] = [];
  const byPolicy = new Map<string, Rule>();
  const problems: OutriderError[] = [];
  for (const { policy, file } of policies) {
    try {
      byPolicy.set(policy.metadata.name, compileRule(policy, registry, options));
      ranked.push(compilePolicy(policy));
    } catch (error) {
      if (!(error instanceof OutriderError)) throw error;
      problems.push(located(error, policy, file));
      ranked.push(invalidPolicy(knownOf(policy), error.message));
    }
  }
  for (const { known, problem } of broken) ranked.push(invalidPolicy(known, problem));
  return { rules: rulesOf(ranked, byPolicy, registry), problems };
}

/** Puts compiled policies together with what all profiles are known by. */
export function rulesOf(
  policies: readonly RankedPolicy[],
  byPolicy: ReadonlyMap<string, Rule>,
  { profiles }: Pick<ProfileRegistry, 'profiles'>,
): Rules {
  const recipes = [...byPolicy.values()].map(({ recipe }) => recipe);
  return {
    policies: rankPolicies(policies),
    byPolicy,
    policyNames: policies.map(({ name }) => name),
    tracers: knownTracers(profiles.values(), recipes),
  };
}

/** Whom a policy is for and how it ranks, where its profile or settings are not valid. */
export function knownOf({ metadata, spec }: Policy): KnownOfPolicy {
  return {
    name: metadata.name,
    precedence: spec.precedence,
    prefer: spec.prefer,
    mode: spec.mode,
    namespaceSelector: spec.match.namespaceSelector,
    podSelector: spec.match.podSelector,
  };
}

/**
 * Compiles how one policy is carried out.
 * @throws OutriderError `profile_unknown`, `settings_invalid` or `profile_invalid`, with its field
 */
export function compileRule(
  policy: Policy,
  registry: ProfileRegistry,
  { argvOf, mirrors = true, instance }: CompileOptions = {},
): Rule {
  const { spec } = policy;
  const profile = findProfile(registry, spec.profile.name);
  let mirror: MirroredSecret | undefined;
  const rendered = renderRecipe(profile, spec, {
    ...(argvOf === undefined ? {} : { argvOf }),
    ...(mirrors && spec.credentials.mirror
      ? {
          secretName: ({ name, key }) => {
            mirror = mirroredSecret(policy.metadata.name, { name, key }, instance);
            return mirror.copy;
          },
        }
      : {}),
  });
  const recipe = deepFrozen(rendered);
  const wishes = wishesOf(spec);
  return {
    recipe,
    parts: new OwnParts(recipe),
    profile,
    wishes,
    exemptions: exemptionsOf(spec, recipe.skipWhen),
    stamp: `${recipe.profile}/${recipe.version}/${hashOf({ recipe, wishes, containers: spec.containers, layout: partsLayout })}`,
    ...(mirror === undefined ? {} : { mirror }),
  };
}

/** A hash of all that decides, beside the cluster and the pod, what a pod gets: what runs is compared by it. */
function hashOf(what: object): string {
  const text = JSON.stringify(what, (_key, value: unknown) => (value instanceof Set ? [...value].sort() : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The error with the policy's name in front. */
export function located(error: OutriderError, policy: Policy, file?: string): OutriderError {
  return new OutriderError(error.code, `policy ${policy.metadata.name}: ${error.message}`, {
    ...(file === undefined ? {} : { file }),
    ...(error.field === undefined ? {} : { field: error.field }),
    cause: error,
  });
}
