import { apiTokenProjection } from '../../model/api-token.js';
import { mountPoint } from '../../inject/path.js';
import type { PlanTerms } from '../../model/instrumentation-plan.js';
import type { PolicySpec } from '../../model/policy.js';
import type { Recipe } from '../../model/recipe.js';
import type { KnownTracers } from '../../model/tracers.js';
import type { Engine } from '../engine.js';
import type { Rule } from '../rules.js';
import type { Claim } from './claimable.js';
import { escaped, patternOf } from './globs.js';

/** Pods with more are left to the webhook: see `mostOf` of the conditions. */
const mostContainers = 60;
const imagePrefix = 'image:';

/** What of a policy and its recipe the conditions go by. @param native whether the agent is a native sidecar */
export function termsOf({ policy, rule }: Claim, engine: Engine, native: boolean): PlanTerms {
  const { facts, rules } = engine;
  const { recipe } = rule;
  const { include, exclude } = policy.spec.containers;
  return {
    token: recipe.sidecar?.apiAccess === true ? [apiTokenProjection] : [],
    placed: !isByNode(rule, engine),
    native,
    coversInit: policy.cover.has('Init'),
    coversProbes: policy.cover.has('Probes'),
    coversLifecycle: policy.cover.has('Lifecycle'),
    mostContainers: Math.min(mostContainers, facts.maxContainers),
    files: recipe.volume === undefined ? '' : mountPoint(recipe.volume.mountPath),
    reserved: Object.fromEntries(
      [...recipe.env.map(({ name }) => name), ...recipe.reservedEnv].map((name) => [name, true]),
    ),
    ports: (recipe.sidecar?.ports ?? []).map(({ number }) => number),
    names: [...new Set(namesOf(recipe))],
    users: usersOf(recipe, facts),
    hosts: [...recipe.hosts],
    programs: programsOf(recipe, rules.tracers),
    tracers: imagesOf(rules.tracers),
    includedNames: patternOf(include.filter((glob) => !glob.startsWith(imagePrefix))),
    includedImages: patternOf(imagesAmong(include)),
    excludedNames: patternOf(
      exclude.filter((one) => typeof one === 'string').filter((glob) => !glob.startsWith(imagePrefix)),
    ),
    excludedImages: patternOf(imagesAmong(exclude)),
  };
}

/** Whether what a pod says about its node decides how the files get into it. */
function isByNode({ recipe: { volume }, wishes }: Rule, { nodes }: Engine): boolean {
  if (wishes.delivery !== 'Auto' || wishes.copied !== undefined) return false;
  if (volume?.copy === undefined || volume.imageVolume === undefined) return false;
  return nodes?.isSameForAll() === false;
}

function imagesAmong(exclusions: PolicySpec['containers']['exclude']): readonly string[] {
  return exclusions.flatMap((one) => {
    if (typeof one !== 'string') return [one.image];
    return one.startsWith(imagePrefix) ? [one.slice(imagePrefix.length)] : [];
  });
}

function namesOf({ volume, sidecar }: Recipe): readonly string[] {
  const names = [
    sidecar?.name,
    volume?.name,
    volume?.copy?.name,
    volume?.copy?.toolsName,
    volume?.imageVolume?.toolsName,
    ...(volume?.programs ?? []).map(({ name }) => name),
    // The empty volume at the token's place.
    'outrider-',
  ];
  return names.filter((name) => name !== undefined);
}

function usersOf({ sidecar }: Recipe, { openShift, agentUser }: Engine['facts']): number[] {
  if (openShift) return [];
  return [...new Set([agentUser, sidecar?.runAsUser ?? agentUser])];
}

function programsOf({ wrapper }: Recipe, { wrappers }: KnownTracers): string[] {
  return [...new Set([...(wrapper?.slice(0, 1) ?? []), ...wrappers.keys()])];
}

/** References whose last part is that of an agent's, wherever they are: a mirror's count too. */
function imagesOf({ parts }: KnownTracers): string {
  const bases = [...parts.keys()].map(escaped);
  return bases.length === 0 ? '' : `(^|/)(${bases.join('|')})(:[^/]*)?(@.*)?$`;
}
