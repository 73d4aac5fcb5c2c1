import type { ImageRequest } from '../model/image.js';
import { referenceKey } from './keys.js';
import { whoKey } from './memory.js';
import { placementOf, type NodeFacts, type Placement } from './placement.js';
import { rightsOf } from './pod-rights.js';
import type { ParseReference } from './parsed-references.js';
import type { CredentialRequest, ImageReference } from './types.js';

/** A request in the terms of a look-up: which image, for whom, for which nodes. */
export interface Subject {
  readonly reference: ImageReference;
  readonly who: CredentialRequest;
  /** Equal for those with equal credentials. */
  readonly whoKey: string;
  readonly placement: Placement;
}

/** What a pod says of all of its images. */
type PodPart = Omit<Subject, 'reference'>;

/**
 * Makes what reads requests. A pod is read once for all of its images, which are asked for one behind the other, so all of
 * them go by the nodes that were there for the first.
 *
 * @returns throws RegistryError `image_reference_invalid`.
 */
export function createSubjects(
  nodes: NodeFacts | undefined,
  parse: ParseReference,
): (request: ImageRequest) => Subject {
  let last: { readonly request: Pick<ImageRequest, 'pod' | 'namespace'>; readonly part: PodPart } | undefined;
  return ({ reference, pod, namespace }) => {
    if (last?.request.pod !== pod || last.request.namespace !== namespace) {
      const who = rightsOf(pod, namespace);
      last = { request: { pod, namespace }, part: { who, whoKey: whoKey(who), placement: placementOf(pod, nodes) } };
    }
    const { who, whoKey: key, placement } = last.part;
    return { reference: parse(reference), who, whoKey: key, placement };
  };
}

/** Equal for subjects with equal answers. */
export function subjectKey({ reference, whoKey, placement }: Subject): string {
  return `${referenceKey(reference)} ${whoKey} ${placement.key}`;
}
