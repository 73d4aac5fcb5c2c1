import type { ImageRequest } from '../model/image.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../model/json.js';
import { podPlatforms, type NodeFacts, type PodPlatforms } from './pod-platforms.js';
import { referenceKey, type ParseReference } from './reference.js';
import type { CredentialRequest, ImageReference } from './types.js';

/** What a look-up is about: which image, for whom, for which platforms. */
export interface ImageQuestion {
  readonly reference: ImageReference;
  readonly who: CredentialRequest;
  /** Equal for those with equal credentials. */
  readonly whoKey: string;
  readonly platforms: PodPlatforms;
}

/** What a pod says about all of its images. */
type PodPart = Omit<ImageQuestion, 'reference'>;

/**
 * Makes a reader of requests. It reads a pod once for all of its images, which come one after the other. So all of them use
 * the nodes that existed for the first one.
 *
 * @returns throws RegistryError `image_reference_invalid`.
 */
export function questionReader(
  nodes: NodeFacts | undefined,
  parse: ParseReference,
): (request: ImageRequest) => ImageQuestion {
  let last: { readonly request: Pick<ImageRequest, 'pod' | 'namespace'>; readonly part: PodPart } | undefined;
  return ({ reference, pod, namespace }) => {
    if (last?.request.pod !== pod || last.request.namespace !== namespace) {
      const who = rightsOf(pod, namespace);
      last = { request: { pod, namespace }, part: { who, whoKey: keyOf(who), platforms: podPlatforms(pod, nodes) } };
    }
    const { who, whoKey, platforms } = last.part;
    return { reference: parse(reference), who, whoKey, platforms };
  };
}

/** Equal for questions with equal answers. */
export function questionKey({ reference, whoKey, platforms }: ImageQuestion): string {
  return `${referenceKey(reference)} ${whoKey} ${platforms.key}`;
}

/**
 * The rights of a pod's look-ups: those of its namespace, with its ServiceAccount and pull secrets.
 *
 * @param namespace the request's, since a pod may leave its own out (E29).
 */
function rightsOf(pod: JsonObject, namespace: string): CredentialRequest {
  const spec = objectOf(pod['spec']) ?? {};
  const names = listOf(spec['imagePullSecrets']).map((item) => stringOf(objectOf(item)?.['name']) ?? '');
  return {
    namespace,
    serviceAccount: stringOf(spec['serviceAccountName']) ?? stringOf(spec['serviceAccount']) ?? 'default',
    imagePullSecrets: [...new Set(names.filter((name) => name !== ''))],
  };
}

function keyOf({ namespace, serviceAccount, imagePullSecrets }: CredentialRequest): string {
  return JSON.stringify([namespace, serviceAccount, imagePullSecrets]);
}
