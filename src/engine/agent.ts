import type { Finding } from '../model/decision.js';
import type { ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import { objectOf } from '../model/json.js';
import type { Recipe } from '../model/recipe.js';
import { pullSecretsFor, withPullSecrets } from '../inject/pod/pull-secrets.js';
import { rewriteImage } from '../inject/rewrite-image.js';
import type { Engine, PodRequest } from './engine.js';
import type { Rule } from './rules.js';

/** What is known to be wrong with what the agent needs, its images or its access key (E31). */
export interface AgentTrouble {
  readonly obstacle: Finding | undefined;
  readonly remark: Finding | undefined;
}

/**
 * What a registry says of the agent's images: an image that does not exist keeps the pod uninstrumented. One that the
 * registry does not show to us may still be shown to the nodes, so that is only remarked.
 */
export function agentImageTrouble(outcomes: readonly ImageOutcome[]): AgentTrouble {
  for (const outcome of outcomes) {
    if (outcome.ok) continue;
    if (outcome.reason === 'image_not_found') {
      return { obstacle: { reason: 'agent_image_missing', detail: outcome.detail }, remark: undefined };
    }
    if (outcome.reason === 'image_unauthorized') {
      return { obstacle: undefined, remark: { reason: 'agent_image_unauthorized', detail: outcome.detail } };
    }
  }
  return noTrouble;
}

/** The agent's images: what is known of them without any I/O, and those that a registry has to be asked for. */
export interface AgentImages {
  readonly known: readonly ImageOutcome[];
  readonly unknown: readonly ImageRequest[];
}

/**
 * Collects the agent's images. Only under Availability: under Security the pod is instrumented whatever a registry says,
 * and its start shows the trouble.
 */
export function agentImagesOf(recipe: Recipe, request: PodRequest, engine: Engine): AgentImages {
  if (recipe.prefer !== 'Availability') return noImages;
  const known: ImageOutcome[] = [];
  const unknown: ImageRequest[] = [];
  const spec = objectOf(request.pod['spec']);
  const { added } = pullSecretsFor(spec, recipe.imagePullSecrets, request.admitted);
  // The nodes pull with the secrets that the pod will have, so the registry is asked with the same.
  const pod = withPullSecrets(request.pod, spec, added);
  for (const given of imagesOf(recipe)) {
    const reference = rewriteImage(given, engine.facts.imageRewrites);
    const image = { reference, namespace: request.namespace, pod };
    const outcome = engine.images.known(image);
    if (outcome === undefined) unknown.push(image);
    else known.push(outcome);
  }
  return { known, unknown };
}

const noImages: AgentImages = { known: [], unknown: [] };

// The pod waits only briefly for the agent's images; the look-up goes on, and later pods get its result.
const longestWaitMs = 2_000;

/** Asks for the agent's images; an answer that does not come in time counts as none. */
export function lookUpAgents(
  agents: readonly ImageRequest[],
  images: ImageResolver,
  signal: AbortSignal,
): Promise<readonly ImageOutcome[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(longestWaitMs)]);
  return Promise.all(agents.map((image) => images.lookUp(image, limited)));
}

/** The agent's images as the recipe names them, each once. */
function imagesOf(recipe: Recipe): readonly string[] {
  const images: string[] = [];
  const { sidecar, volume } = recipe;
  for (const image of [sidecar?.image, volume?.copy?.image, volume?.imageVolume?.image]) {
    if (image !== undefined && !images.includes(image)) images.push(image);
  }
  return images;
}

/**
 * What is known to be wrong with the Secret of the agent's access key. Missing: under Availability the pod is left as it
 * is, rather than started beside an agent that cannot work; under Security the kubelet waits for the Secret. Blocked: the
 * pod is never handed a Secret that somebody put where ours belongs.
 */
export function secretTrouble({ recipe, mirror }: Rule, namespace: string, engine: Engine): AgentTrouble {
  if (recipe.credentials === undefined) return noTrouble;
  const { name, key } = recipe.credentials;
  const state = engine.secretState(namespace, name, key, mirror?.policy);
  if (state !== 'missing' && state !== 'blocked') return noTrouble;
  const said = engine.credentials?.detail(namespace, name, key);
  if (state === 'blocked') {
    const detail = said ?? `Secret ${namespace}/${name} is not Outrider’s`;
    return { obstacle: { reason: 'credentials_blocked', detail }, remark: undefined };
  }
  const detail = said ?? `Secret ${namespace}/${name} has no key ${key}`;
  return recipe.prefer === 'Availability'
    ? { obstacle: { reason: 'credentials_missing', detail }, remark: undefined }
    : { obstacle: undefined, remark: { reason: 'credentials_awaited', detail } };
}

const noTrouble: AgentTrouble = { obstacle: undefined, remark: undefined };
