import type { Door } from '../model/decision.js';
import { objectOf, type JsonObject } from '../model/json.js';
import { pointerToken } from '../model/json-pointer.js';
import { names } from '../model/names.js';
import type { Operation } from '../model/patch.js';
import { answeringWarning, nonceOf, writeAnswer } from '../model/self-test.js';
import { PatchEncoder } from './patch-encoder.js';
import { allowWith } from './response.js';
import { readRequest } from './envelope.js';

/** What the self-test's doors know about a call. */
export interface SelfTestCall {
  readonly door: Door;
  readonly isProven: boolean;
  /** Hash of the webhook configuration that the path names. */
  readonly objectHash?: string | undefined;
}

/**
 * Makes the handler of the self-test's two doors. The mutating one says with an annotation which replica was reached
 * and by which configuration, the validating one with a warning by which. Both let the ConfigMap through: it is a dry
 * run. Without proof they say nothing, so that the test fails if the proof does not arrive.
 *
 * @param identity name of this replica
 * @returns a handler that throws OutriderError `review_invalid` when the body is not an AdmissionReview
 */
export function createSelfTestDoor(identity: string): (body: Buffer, call: SelfTestCall) => string {
  const encoder = new PatchEncoder();
  return (body, { door, isProven, objectHash }) => {
    const { uid, request } = readRequest(body);
    const object = objectOf(request['object']) ?? {};
    if (!isProven) return allowWith(uid, [], encoder);
    if (door === 'mutate') {
      return allowWith(uid, [annotate(object, writeAnswer({ identity, nonce: nonceOf(object), objectHash }))], encoder);
    }
    const warning = answeringWarning(nonceOf(object), objectHash);
    return allowWith(uid, [], encoder, warning === undefined ? [] : [warning]);
  };
}

function annotate(object: JsonObject, answer: string): Operation {
  if (objectOf(objectOf(object['metadata'])?.['annotations']) === undefined) {
    return { op: 'add', path: '/metadata/annotations', value: { [names.answeredBy]: answer } };
  }
  return { op: 'add', path: `/metadata/annotations/${pointerToken(names.answeredBy)}`, value: answer };
}
