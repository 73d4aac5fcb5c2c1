import { credentialsCondition } from '../../cluster/secrets/credentials-report.js';
import type { CredentialsSweep } from '../../cluster/secrets/sweep.js';
import type { CredentialsState } from '../../cluster/status/facts.js';

/** What the sweep of access keys says of one policy, for its status; `undefined` while it says nothing. */
export function credentialsStateOf(
  sweep: Pick<CredentialsSweep, 'reports'>,
  policy: string,
): CredentialsState | undefined {
  const report = sweep.reports().find((one) => one.policy === policy);
  return report === undefined ? undefined : credentialsCondition(report);
}
