import { asciiJson } from '../model/json.js';
import { reasons } from '../model/reasons.js';
import type { SessionRecord } from '../model/session-record.js';
import { denialText } from './warnings.js';

/**
 * A session's record as audit annotations: what was decided under the keys that a pod's review has, and, as JSON, who
 * wanted what. The API server puts the webhook's name in front of each key.
 */
export function sessionAnnotations(record: SessionRecord): Readonly<Record<string, string>> {
  const { decision, reason, policy, ...session } = record;
  return { decision, reason, ...(policy === undefined ? {} : { policy }), session: asciiJson(session) };
}

/** The message for the person whose session is denied: the policy, what is wrong, what to do. */
export function sessionDenialOf({ kind, policy, reason, detail = reasons[reason].summary }: SessionRecord): string {
  const what = kind === 'debug' ? 'this debug container' : `this ${kind}`;
  return denialText({ policy, reason, detail }, `does not let ${what} start`);
}
