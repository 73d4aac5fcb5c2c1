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
  readonly placement: Placement;
}

/** @throws RegistryError `image_reference_invalid`. */
export function subjectOf(
  { reference: text, namespace, pod }: ImageRequest,
  nodes: NodeFacts | undefined,
  parse: ParseReference,
): Subject {
  const reference = parse(text);
  const who = rightsOf(pod, namespace);
  const placement = placementOf(pod, nodes);
  return { reference, who, placement };
}

/** Equal for subjects with equal answers. */
export function subjectKey({ reference, who, placement }: Subject): string {
  return `${referenceKey(reference)} ${whoKey(who)} ${placement.key}`;
}
