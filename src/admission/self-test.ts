import type { Door } from '../model/decision.js';
import { asciiJson, objectOf, type JsonObject } from '../model/json.js';
import { pointerToken } from '../model/json-pointer.js';
import { names } from '../model/names.js';
import { nonceOf, writeAnswer } from '../model/self-test.js';
import { readRequest } from './review.js';

/**
 * Makes the handler of the self-test's two doors. It says with an annotation which replica was reached, and lets the
 * ConfigMap through: it is a dry run.
 *
 * @param identity name of this replica
 * @returns a handler that throws OutriderError `review_invalid` for what is no AdmissionReview
 */
export function createSelfTestDoor(identity: string): (body: Buffer, call: { readonly door: Door }) => string {
  return (body, { door }) => {
    const { uid, request } = readRequest(body);
    const object = objectOf(request['object']) ?? {};
    const patch = door === 'mutate' ? patchOf(object, writeAnswer({ identity, nonce: nonceOf(object) })) : undefined;
    return asciiJson({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid,
        allowed: true,
        ...(patch === undefined
          ? {}
          : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch), 'utf8').toString('base64') }),
      },
    });
  };
}

function patchOf(object: JsonObject, answer: string): readonly JsonObject[] {
  if (objectOf(objectOf(object['metadata'])?.['annotations']) === undefined) {
    return [{ op: 'add', path: '/metadata/annotations', value: { [names.answeredBy]: answer } }];
  }
  return [{ op: 'add', path: `/metadata/annotations/${pointerToken(names.answeredBy)}`, value: answer }];
}
