import { asciiJson, quotedText } from '../model/json.js';
import type { Decision } from '../model/decision.js';
import type { Operation } from '../model/patch.js';
import type { PatchEncoder } from './patch-encoder.js';
import { denialOf, warningsOf } from './warnings.js';

const start = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":';

/** The answer to a request that is none of our business. */
export function allowUntouched(uid: string): string {
  return `${start}${quotedText(uid)},"allowed":true,"auditAnnotations":{"decision":"skip","reason":"other_request"}}}`;
}

/** The answer to a request that nothing is decided on, with what it adds to the object and what it tells who made that. */
export function allowWith(
  uid: string,
  patch: readonly Operation[],
  encoder: PatchEncoder,
  warnings: readonly string[] = [],
): string {
  return `${start}${quotedText(uid)},"allowed":true${patchFields(patch, encoder)}${warningsField(warnings)}}}`;
}

/**
 * Writes the AdmissionReview that answers a request. The envelope is put together from ready-made pieces: it is the same
 * for every pod but for the few values in it. It is ASCII, so that it has as many bytes as characters.
 *
 * @param patch operations of the mutating door; with none, no patch is named
 */
export function answer(uid: string, decision: Decision, patch: readonly Operation[], encoder: PatchEncoder): string {
  const denied = decision.decision === 'deny';
  let body = `${start}${quotedText(uid)},"allowed":${denied ? 'false' : 'true'}${patchFields(patch, encoder)}`;
  if (denied) {
    body += `,"status":{"code":403,"reason":"Forbidden","message":${quotedText(denialOf(decision))}}`;
  } else {
    body += warningsField(warningsOf(decision));
  }
  const policy = decision.policy === undefined ? '' : `,"policy":${quotedText(decision.policy)}`;
  return `${body},"auditAnnotations":{"decision":"${decision.decision}","reason":"${decision.reason}"${policy}}}}`;
}

function warningsField(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `,"warnings":${asciiJson(warnings)}`;
}

function patchFields(patch: readonly Operation[], encoder: PatchEncoder): string {
  return patch.length === 0 ? '' : `,"patchType":"JSONPatch","patch":"${encoder.encode(patch)}"`;
}
