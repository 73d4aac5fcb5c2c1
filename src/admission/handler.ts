import type { Door } from '../model/decision.js';
import { pods } from '../model/doors.js';
import type { Call, DoorOptions } from './door-options.js';
import { PatchEncoder } from './patch-encoder.js';
import { PodReview } from './pod-review.js';
import { Repeats } from './repeats/repeats.js';
import type { Skipped } from './review-json.js';

/** A door of the webhook: takes the body of an AdmissionReview and returns the body of the answer. */
export type DoorHandler = (body: Buffer, call: Call) => string | Promise<string>;

/**
 * Makes the handler of one door for pods. It answers synchronously unless something has to be looked up. The mutating
 * door answers repeated reviews with what it decided before; the validating door, which has the last word, decides each
 * one.
 *
 * @returns a handler that throws OutriderError `review_invalid` when the body is not an AdmissionReview
 */
export function createDoor(verb: Door, options: DoorOptions): DoorHandler {
  const door = pods.doors[verb];
  const encoder = new PatchEncoder();
  const decide = (body: Buffer, call: Call, by: DoorOptions, skipped?: Skipped) =>
    new PodReview(door, by, encoder, body, call, skipped).answer();
  if (verb === 'validate') return (body, call) => decide(body, call, options);
  const repeats = new Repeats(options, decide);
  return (body, call) => repeats.answer(body, call);
}
