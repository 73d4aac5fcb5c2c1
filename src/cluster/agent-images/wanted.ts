import { rulesOfPolicy, type Rules } from '../../engine/rules.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import type { PolicySpec } from '../../model/policy.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { PolicyState } from '../state/cluster-configuration.js';

/** An image whose entrypoint has to be known. */
export interface WantedImage {
  /** As in pods: after the operator's rewrites. */
  readonly image: string;
  /** Names of the pull secrets of all its policies, in the installation's namespace. */
  readonly pullSecrets: readonly string[];
  /** Names of the policies that want it. */
  readonly policies: readonly string[];
  /** The objects that want it. It is looked up again when there is a new object among them. */
  readonly by: readonly object[];
}

/** Where wanted images come from. */
export interface WantedBy {
  readonly rules: Rules;
  readonly policies: readonly PolicyState[];
}

// The kubelet uses any number of credentials; a look-up tries each.
const mostPullSecrets = 16;

/** Whether a recipe's pods get a keeper once it is known what the agent's image starts. */
export function wantsArgv({ prefer, sidecar, volume }: Recipe): boolean {
  return prefer === 'Availability' && sidecar !== undefined && volume !== undefined;
}

/** The image whose argv a recipe needs, as in pods; `undefined` if it needs none. */
export function agentImageOf(recipe: Recipe, rewrites: ClusterFacts['imageRewrites']): string | undefined {
  return wantsArgv(recipe) && recipe.sidecar !== undefined ? rewriteImage(recipe.sidecar.image, rewrites) : undefined;
}

/** Includes the pull secrets for pods that a canary leaves on the previous agent. */
function imagePullSecretsOf({ agent, canary }: PolicySpec): readonly string[] {
  return [...agent.imagePullSecrets, ...(canary?.previous?.agent?.imagePullSecrets ?? [])];
}

/** The images that policies want looked up, each once, in the order of the policies' names. */
export function wantedImages(
  { rules, policies }: WantedBy,
  rewrites: ClusterFacts['imageRewrites'],
): ReadonlyMap<string, WantedImage> {
  const wanted = new Map<string, { pullSecrets: Set<string>; policies: string[]; by: object[] }>();
  for (const { name, policy, profile, previousProfile } of policies) {
    const rule = rules.byPolicy.get(name);
    if (rule === undefined || policy === undefined || profile === undefined || policy.spec.mode === 'Off') continue;
    for (const { recipe } of rulesOfPolicy(rule)) {
      const image = agentImageOf(recipe, rewrites);
      if (image === undefined) continue;
      const one = wanted.get(image) ?? { pullSecrets: new Set(), policies: [], by: [] };
      wanted.set(image, one);
      for (const secret of imagePullSecretsOf(policy.spec)) one.pullSecrets.add(secret);
      if (!one.policies.includes(name)) one.policies.push(name);
      one.by.push(policy, profile, ...(previousProfile === undefined ? [] : [previousProfile]));
    }
  }
  return new Map(
    [...wanted].map(([image, one]) => [
      image,
      { image, ...one, pullSecrets: [...one.pullSecrets].slice(0, mostPullSecrets) },
    ]),
  );
}
