import type { Door } from '../model/decision.js';
import { selfTest, type DoorRow } from '../model/doors.js';
import { objectOf, type JsonObject } from '../model/json.js';
import { pointerToken } from '../model/json-pointer.js';
import { names } from '../model/names.js';
import type { Operation } from '../model/patch.js';
import { nonceOf, writeAnswer } from '../model/self-test.js';
import { PatchEncoder } from './patch-encoder.js';
import { allowWith } from './response.js';
import { readRequest } from './review.js';

/**
 * Makes the handler of the self-test's two doors. It says with an annotation which replica was reached, and lets the
 * ConfigMap through: it is a dry run. Without proof nothing is said, so that the test fails where the proof does not arrive.
 *
 * @param identity name of this replica
 * @returns a handler that throws OutriderError `review_invalid` for what is no AdmissionReview
 */
export function createSelfTestDoor(
  identity: string,
): (body: Buffer, call: { readonly door: Door; readonly isProven: boolean }) => string {
  const encoder = new PatchEncoder();
  return (body, { door, isProven }) => {
    const { uid, request } = readRequest(body);
    const object = objectOf(request['object']) ?? {};
    const { maySay }: DoorRow = selfTest.doors[door];
    const says = isProven && maySay.includes('patch');
    const patch = says ? [annotate(object, writeAnswer({ identity, nonce: nonceOf(object) }))] : [];
    return allowWith(uid, patch, encoder);
  };
}

function annotate(object: JsonObject, answer: string): Operation {
  if (objectOf(objectOf(object['metadata'])?.['annotations']) === undefined) {
    return { op: 'add', path: '/metadata/annotations', value: { [names.answeredBy]: answer } };
  }
  return { op: 'add', path: `/metadata/annotations/${pointerToken(names.answeredBy)}`, value: answer };
}
