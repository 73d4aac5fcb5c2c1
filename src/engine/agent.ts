import type { Finding } from '../model/decision.js';
import type { ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import { objectOf } from '../model/json.js';
import type { Recipe } from '../model/recipe.js';
import { pullSecretsFor, withPullSecrets } from '../inject/pod/pull-secrets.js';
import { rewriteImage } from '../inject/rewrite-image.js';
import type { Engine, PodRequest } from './engine.js';
import type { Rule } from './rules.js';

/** Known problems with what the agent needs: its images or its access key (E31). */
export interface AgentTrouble {
  readonly obstacle: Finding | undefined;
  readonly remark: Finding | undefined;
}

/**
 * What a registry says about the agent's images. If an image does not exist, the pod stays uninstrumented. If the
 * registry denies it to us, the nodes may still have access, so that is only a remark.
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

/** The agent's images: what is known without any I/O, and the images that have to be looked up. */
export interface AgentImages {
  readonly known: readonly ImageOutcome[];
  readonly unknown: readonly ImageRequest[];
}

/**
 * Collects the agent's images. Only under Availability: under Security the pod is instrumented whatever a registry
 * says, and any trouble shows when it starts.
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

/** Looks up the agent's images. An answer that comes too late counts as none. */
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
 * What is known to be wrong with the Secret of the agent's access key, and with the copies of its image's pull secrets.
 * Missing: under Availability the pod is left as it is, rather than started next to an agent that cannot work; under
 * Security the kubelet waits for the Secret. Blocked: the pod is never handed a Secret that someone put where ours
 * belongs.
 */
export function secretTrouble(rule: Rule, namespace: string, engine: Engine): AgentTrouble {
  const { recipe, mirror, pullMirrors } = rule;
  const { credentials } = recipe;
  let found = noTrouble;
  if (credentials !== undefined) found = troubleOf(credentials, mirror?.policy, rule, namespace, engine);
  for (const { copy, source, policy } of pullMirrors) {
    if (found.obstacle !== undefined) break;
    const trouble = troubleOf({ name: copy, key: source.key }, policy, rule, namespace, engine);
    if (trouble !== noTrouble) found = { ...trouble, remark: found.remark ?? trouble.remark };
  }
  return found;
}

function troubleOf(
  { name, key }: { readonly name: string; readonly key: string },
  mirrorOf: string | undefined,
  { recipe }: Rule,
  namespace: string,
  engine: Engine,
): AgentTrouble {
  const state = engine.secretState(namespace, name, key, mirrorOf);
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
