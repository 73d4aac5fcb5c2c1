import type { ReasonCode } from '../model/reasons.js';

/**
 * The reasons that mean that what the container's image starts could not be found out. `onUnresolvedImage` is about
 * these. An image that was found and starts nothing (`entrypoint_empty`) is not among them, nor is an agent's image.
 */
const unresolvedImage: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'image_unresolved',
  'image_reference_invalid',
  'image_not_found',
  'image_unauthorized',
  'image_platforms_differ',
  'image_not_runnable',
  'image_config_invalid',
  'registry_unreachable',
  'registry_rate_limited',
  'registry_error',
  'registry_denied',
  'too_many_lookups',
  'caller_unproven',
  'lookup_timeout',
]);

/** Whether an explicit `onUnresolvedImage: Skip` under Security lets a container with this reason run as it is. */
export function skippedAsUnresolved(reason: ReasonCode): boolean {
  return unresolvedImage.has(reason);
}

/**
 * Whether `onUnresolvedImage: Deny` denies for this reason. An invalid annotation about images is listed here and not
 * above: the pod's author writes it, and must not be able to avoid a look-up with it.
 */
export function deniedAsUnresolved(reason: ReasonCode): boolean {
  return reason === 'images_annotation_invalid' || unresolvedImage.has(reason);
}
