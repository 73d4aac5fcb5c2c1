import { objectOf, stringOf } from '../model/json.js';
import type { Finding } from '../model/decision.js';
import type { ImageRequest } from '../model/image.js';
import type { Recipe } from '../model/recipe.js';
import { rewriteImage } from '../inject/own-containers.js';
import type { Engine } from './engine.js';
import type { PodRequest } from './instrument.js';

/** What is known to be wrong with the agent that a pod would get (E31). */
export interface AgentTrouble {
  readonly obstacle: Finding | undefined;
  readonly remark: Finding | undefined;
}

const none: AgentTrouble = { obstacle: undefined, remark: undefined };

/**
 * Under Availability, an agent that is known not to start keeps a pod uninstrumented: its access key's Secret is missing,
 * or a registry says that its image does not exist. An image that a registry does not show to us may still be shown to
 * the nodes, so that is only remarked. Under Security the pod is instrumented, and its start shows the trouble.
 */
export function agentTrouble(recipe: Recipe, request: PodRequest, engine: Engine): AgentTrouble {
  if (recipe.prefer !== 'Availability') return none;
  const secret = missingSecret(recipe, request.namespace, engine);
  if (secret !== undefined) return { obstacle: secret, remark: undefined };
  for (const image of agentImages(recipe, request, engine)) {
    const outcome = engine.images.known(image);
    if (outcome === undefined || outcome.ok) continue;
    if (outcome.reason === 'image_not_found') {
      return { obstacle: { reason: 'agent_image_missing', detail: outcome.detail }, remark: undefined };
    }
    if (outcome.reason === 'image_unauthorized') {
      return { obstacle: undefined, remark: { reason: 'agent_image_unauthorized', detail: outcome.detail } };
    }
  }
  return none;
}

/** The agent's images of which nothing is known yet. */
export function agentLookups(recipe: Recipe, request: PodRequest, engine: Engine): readonly ImageRequest[] {
  if (recipe.prefer !== 'Availability') return [];
  return agentImages(recipe, request, engine).filter((image) => engine.images.known(image) === undefined);
}

/** The images as the pod will name them, after the operator's rewrites. */
function agentImages(recipe: Recipe, request: PodRequest, { facts }: Engine): readonly ImageRequest[] {
  const references = [recipe.sidecar?.image, recipe.volume?.copy?.image, recipe.volume?.imageVolume?.image];
  const distinct = new Set(
    references.flatMap((reference) => (reference === undefined ? [] : rewriteImage(reference, facts.imageRewrites))),
  );
  return [...distinct].map((reference) => ({ reference, namespace: request.namespace, pod: request.pod }));
}

function missingSecret(recipe: Recipe, namespace: string, engine: Engine): Finding | undefined {
  for (const { valueFrom } of recipe.sidecar?.env ?? []) {
    const reference = objectOf(objectOf(valueFrom)?.['secretKeyRef']);
    const name = stringOf(reference?.['name']);
    const key = stringOf(reference?.['key']);
    if (name === undefined || key === undefined || engine.secretState(namespace, name, key) !== 'missing') continue;
    return { reason: 'credentials_missing', detail: `Secret ${namespace}/${name} has no key ${key}` };
  }
  return undefined;
}
