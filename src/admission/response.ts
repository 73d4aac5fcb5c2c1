import { asciiJson, quotedText } from '../model/json.js';
import type { Decision, DecisionKind } from '../model/decision.js';
import { reasons, type ReasonCode } from '../model/reasons.js';
import type { Operation } from '../model/patch.js';
import type { PatchEncoder } from './patch-encoder.js';
import { denialOf, warningsOf } from './warnings.js';

const start = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":';

/** How every answer begins; the rest does not depend on the uid. */
export function answerStart(uid: string): string {
  return start + quotedText(uid);
}

/** The answer to a request that Outrider does not handle. */
export function allowUntouched(uid: string): string {
  return `${answerStart(uid)},"allowed":true,"auditAnnotations":{"decision":"skip","reason":"other_request"}}}`;
}

/** The answer to a request that needs no decision, with its patch and its warnings. */
export function allowWith(
  uid: string,
  patch: readonly Operation[],
  encoder: PatchEncoder,
  warnings: readonly string[] = [],
): string {
  return `${answerStart(uid)},"allowed":true${patchFields(patch, encoder)}${warningsField(warnings)}}}`;
}

/**
 * Writes the AdmissionReview that answers a request. The envelope is put together from ready-made pieces: it is the
 * same for every pod except for the few values in it. It is ASCII, so that it has as many bytes as characters.
 *
 * @param patch operations of the mutating door; with none, no patch is named
 */
export function answer(uid: string, decision: Decision, patch: readonly Operation[], encoder: PatchEncoder): string {
  const denied = decision.decision === 'deny';
  let body = `${answerStart(uid)},"allowed":${denied ? 'false' : 'true'}${patchFields(patch, encoder)}`;
  if (denied) {
    body += denialField(denialOf(decision));
  } else {
    body += warningsField(warningsOf(decision));
  }
  const policy = decision.policy === undefined ? '' : `,"policy":${quotedText(decision.policy)}`;
  return `${body},"auditAnnotations":{"decision":"${decision.decision}","reason":"${decision.reason}"${policy}}}}`;
}

/** The verdict of a door on a request that does not create a pod. */
export interface Verdict {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** Name of the policy that won, if one did. */
  readonly policy: string | undefined;
  /** With `deny`: the message for the person who made the request. */
  readonly denial?: string;
  /** The warnings for that person if the request is not denied. */
  readonly warnings?: readonly string[];
  readonly patch?: readonly Operation[];
  /** Audit annotations besides decision, reason and policy. */
  readonly audit?: Readonly<Record<string, string>>;
}

/** Writes the AdmissionReview that answers a request with a verdict. It is ASCII. */
export function answerVerdict(uid: string, verdict: Verdict, encoder: PatchEncoder): string {
  const { decision, reason, policy, denial, warnings = [], patch = [], audit } = verdict;
  const denied = decision === 'deny';
  const said = denied ? denialField(denial ?? reasons[reason].summary) : warningsField(warnings);
  const annotations = { decision, reason, ...(policy === undefined ? {} : { policy }), ...audit };
  const body = `${start}${quotedText(uid)},"allowed":${denied ? 'false' : 'true'}${patchFields(patch, encoder)}${said}`;
  return `${body},"auditAnnotations":${asciiJson(annotations)}}}`;
}

function denialField(message: string): string {
  return `,"status":{"code":403,"reason":"Forbidden","message":${quotedText(message)}}`;
}

function warningsField(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `,"warnings":${asciiJson(warnings)}`;
}

function patchFields(patch: readonly Operation[], encoder: PatchEncoder): string {
  return patch.length === 0 ? '' : `,"patchType":"JSONPatch","patch":"${encoder.encode(patch)}"`;
}
