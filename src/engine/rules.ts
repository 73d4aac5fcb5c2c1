import { createHash } from 'node:crypto';
import { OutriderError } from '../model/error.js';
import { deepFrozen } from '../model/json.js';
import type { Exemption } from '../model/exemption.js';
import type { Policy, PolicySpec } from '../model/policy.js';
import type { Profile } from '../model/profile.js';
import type { Recipe } from '../model/recipe.js';
import { sessionsOf, type SessionDefaults, type Sessions } from '../model/sessions.js';
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
import { whyCopied } from '../inject/pod/delivery.js';
import { partsLayout } from '../inject/pod/layout.js';
import { OwnParts } from '../inject/pod/own-parts.js';
import type { KnownTracers } from '../model/tracers.js';
import { knownTracers } from '../profile/known-tracers.js';
import { AgentChoices } from './agent-choices.js';
import { mirroredPullSecret, mirroredSecret, type MirroredSecret } from './mirrored-secret.js';
import { findProfile, type ProfileRegistry } from '../profile/registry.js';
import { renderRecipe, type RenderOptions } from '../profile/render.js';

/** What is known about a policy whose document is not valid, and what is wrong with it. */
export interface BrokenPolicy {
  readonly known: KnownOfPolicy;
  readonly problem: string;
}

/** The share of a policy's workloads that get it as it stands, and what the others get. */
export interface Canary {
  /** 0 to 100. */
  readonly percent: number;
  readonly seed: string;
  /** `undefined`: the others are left alone. */
  readonly previous: Rule | undefined;
}

/** How one policy is carried out. */
export interface Rule {
  readonly recipe: Recipe;
  readonly wishes: Wishes;
  /** What happens to sessions in running pods. */
  readonly sessions: Sessions;
  /** The recipe's own containers, kept from pod to pod. */
  readonly parts: OwnParts;
  /** What pods may choose of their agent. */
  readonly agentChoices: AgentChoices;
  readonly profile: Profile;
  /** Which pods the policy exempts from everything else. */
  readonly exemptions: readonly Exemption[];
  /** What is stamped on pods: the profile, its version and the recipe's hash. */
  readonly stamp: string;
  /** The access key's way into the pod's namespace, where the policy mirrors it. */
  readonly mirror?: MirroredSecret;
  /** The same of the pull secrets of the agent's image. */
  readonly pullMirrors: readonly MirroredSecret[];
  /** Which workloads it is for, where not for all of the policy's. */
  readonly canary?: Canary;
}

/** What a compilation goes by besides policies and profiles. */
export interface CompileOptions extends Pick<RenderOptions, 'argvOf'> {
  /**
   * Whether pods of policies with `credentials.mirror` or `agent.mirrorPullSecrets` refer to the copies: true unless given, as in a cluster that
   * makes them. False where nobody makes them: such a policy then is as one without.
   */
  readonly mirrors?: boolean;
  /** Name of the installation that makes the copies; the usual one unless given. */
  readonly instance?: string;
}

/** What the compilation of one policy uses. */
export interface CompileRuleOptions extends CompileOptions {
  /** What holds where the policy is strict and says nothing of sessions; unless given, what holds for a new policy. */
  readonly sessionDefaults?: SessionDefaults;
}

/** Every policy and profile, ready for pods. Made again when the configuration changes, never changed. */
export interface Rules {
  readonly policies: PolicySet;
  /** By policy name; a policy that is not valid has none. */
  readonly byPolicy: ReadonlyMap<string, Rule>;
  /** Names of all policies, valid or not. */
  readonly policyNames: readonly string[];
  /** What every profile traces with, whether a policy uses it or not. */
  readonly tracers: KnownTracers;
}

/** Every rule of every policy, also those that a canary keeps for the workloads it leaves out. */
export function everyRule({ byPolicy }: Pick<Rules, 'byPolicy'>): readonly (readonly [policy: string, rule: Rule])[] {
  return [...byPolicy].flatMap(([policy, rule]) => rulesOfPolicy(rule).map((one) => [policy, one] as const));
}

/** The rules that a policy's pods may have been made by. */
export function rulesOfPolicy(rule: Rule): readonly Rule[] {
  const previous = rule.canary?.previous;
  return previous === undefined ? [rule] : [rule, previous];
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
  const recipes = everyRule({ byPolicy }).map(([, { recipe }]) => recipe);
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
export function compileRule(policy: Policy, registry: ProfileRegistry, options: CompileRuleOptions = {}): Rule {
  const rule = compileWhole(policy, registry, options);
  const { canary } = policy.spec;
  if (canary === undefined) return rule;
  const { percent, seed = policy.metadata.name, previous } = canary;
  return {
    ...rule,
    canary: { percent, seed, previous: previous && compilePrevious(policy, previous, registry, options) },
  };
}

function compilePrevious(
  policy: Policy,
  { profile, agent = policy.spec.agent }: NonNullable<NonNullable<PolicySpec['canary']>['previous']>,
  registry: ProfileRegistry,
  options: CompileRuleOptions,
): Rule {
  try {
    return compileWhole({ ...policy, spec: { ...policy.spec, profile, agent } }, registry, options);
  } catch (error) {
    if (!(error instanceof OutriderError)) throw error;
    const field = error.field?.replace(/^spec\./, 'spec.canary.previous.');
    throw new OutriderError(error.code, `canary.previous: ${error.message}`, {
      ...(field === undefined ? {} : { field }),
      cause: error,
    });
  }
}

/** How a policy is carried out for those of its workloads that get it as it stands. */
function compileWhole(
  policy: Policy,
  registry: ProfileRegistry,
  { argvOf, mirrors = true, instance, sessionDefaults = 'Trace' }: CompileRuleOptions,
): Rule {
  const { spec } = policy;
  const profile = findProfile(registry, spec.profile.name);
  const { name: policyName } = policy.metadata;
  let mirror: MirroredSecret | undefined;
  const pullMirrors: MirroredSecret[] = [];
  const rendered = renderRecipe(profile, spec, {
    ...(argvOf === undefined ? {} : { argvOf }),
    ...(mirrors && spec.credentials.mirror
      ? {
          secretName: ({ name, key }) => {
            mirror = mirroredSecret(policyName, { name, key }, instance);
            return mirror.copy;
          },
        }
      : {}),
    ...(mirrors && spec.agent.mirrorPullSecrets
      ? {
          pullSecretName: (name) => {
            const pull = mirroredPullSecret(policyName, name, instance);
            pullMirrors.push(pull);
            return pull.copy;
          },
        }
      : {}),
  });
  const recipe = deepFrozen(rendered);
  const parts = new OwnParts(recipe);
  const wishes = wishesOf(spec);
  const sessions = sessionsOf(spec, sessionDefaults);
  const copied = whyCopied(recipe, sessions.debug);
  return {
    recipe,
    parts,
    agentChoices: new AgentChoices({ recipe, parts }, spec.agent.allowOverride?.resources.max),
    profile,
    wishes: copied === undefined ? wishes : { ...wishes, copied },
    sessions,
    exemptions: exemptionsOf(spec, recipe.skipWhen),
    stamp: `${recipe.profile}/${recipe.version}/${hashOf({ recipe: { ...recipe, session: undefined }, wishes, containers: spec.containers, layout: partsLayout })}`,
    ...(mirror === undefined ? {} : { mirror }),
    pullMirrors,
  };
}

/** Every copy that a rule's pods refer to. */
export function mirrorsOf({ mirror, pullMirrors }: Rule): readonly MirroredSecret[] {
  return mirror === undefined ? pullMirrors : [mirror, ...pullMirrors];
}

/**
 * A hash of all that decides, besides the cluster and the pod, what a pod gets: what runs is compared by it. Nothing of
 * sessions is in it.
 */
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
