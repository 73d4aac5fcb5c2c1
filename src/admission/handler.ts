import type { Door } from '../model/decision.js';
import { pods } from '../model/doors.js';
import type { Call, DoorOptions } from './door-options.js';
import { PatchEncoder } from './patch-encoder.js';
import { PodReview } from './pod-review.js';

/** A door of the webhook: the body of an AdmissionReview in, the answering one out. */
export type DoorHandler = (body: Buffer, call: Call) => string | Promise<string>;

/**
 * Makes the handler of one door for pods. It answers at once unless something has to be looked up.
 *
 * @returns a handler that throws OutriderError `review_invalid` for what is no AdmissionReview
 */
export function createDoor(verb: Door, options: DoorOptions): DoorHandler {
  const door = pods.doors[verb];
  const encoder = new PatchEncoder();
  return (body, call) => new PodReview(door, options, encoder, body, call).answer();
}
