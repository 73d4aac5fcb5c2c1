import { capped } from '../../model/capped.js';

/** The state of one policy's access key, or one of its pull secrets, in the namespaces that it matches. */
export interface CredentialsReport {
  readonly policy: string;
  /** Where the key comes from: `outrider-system/agent` for a mirrored one, else the Secret's name. */
  readonly secret: string;
  readonly mirrored: boolean;
  /** For a mirrored key: false if the source does not exist. */
  readonly sourcePresent: boolean;
  /** Namespaces that the policy matches. */
  readonly matched: number;
  readonly present: number;
  /** Names of namespaces, in order. */
  readonly missing: readonly string[];
  /** Namespaces in which another Secret, or a copy that differs from its source, is in the copy's place. */
  readonly blocked: readonly string[];
  /** Namespaces for which the API server gave no answer, or not yet. */
  readonly unknown: readonly string[];
}

/** A condition of a policy's status, as far as it is known here. */
export interface CredentialsCondition {
  readonly type: 'CredentialsPresent';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** The summary of a report. */
export function credentialsCondition(report: CredentialsReport): CredentialsCondition {
  const { secret, mirrored, sourcePresent, matched, present, missing, blocked, unknown } = report;
  const say = (status: CredentialsCondition['status'], reason: string, message: string): CredentialsCondition => ({
    type: 'CredentialsPresent',
    status,
    reason,
    message,
  });
  if (mirrored && !sourcePresent) {
    return say('False', 'SourceMissing', `Secret ${secret}, to be mirrored, is not there or lacks its key; create it.`);
  }
  if (blocked.length > 0) {
    const where = namesOf(blocked, matched);
    return say(
      'False',
      'Blocked',
      `a Secret that is not Outrider’s copy, or differs from its source and cannot be put right, stands in its place in ${where}.`,
    );
  }
  if (missing.length > 0) {
    const what = mirrored ? `the copy of Secret ${secret}` : `Secret ${secret}, or its key,`;
    return say('False', 'Missing', `${what} is missing in ${namesOf(missing, matched)}.`);
  }
  if (unknown.length > 0) {
    return say('Unknown', 'NotRead', `Secret ${secret} could not be read in ${namesOf(unknown, matched)}.`);
  }
  if (matched === 0) return say('True', 'NoNamespace', 'no namespace is matched, so none lacks the Secret.');
  const everywhere = matched === 1 ? 'in the namespace that is matched' : `in all ${matched} matched namespaces`;
  return say('True', 'Present', `Secret ${secret} is ${mirrored ? 'copied' : 'there'} ${everywhere} (${present}).`);
}

function namesOf(names: readonly string[], matched: number): string {
  return `${names.length} of ${matched} matched namespaces: ${capped(names)}`;
}
