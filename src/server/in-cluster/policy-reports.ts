import { credentialsCondition } from '../../cluster/secrets/credentials-report.js';
import type { CredentialsKeeper } from '../../cluster/secrets/keeper.js';
import type { CredentialsState } from '../../cluster/status/facts.js';

/** What the keeper of access keys says of one policy, for its status; `undefined` while it says nothing. */
export function credentialsStateOf(
  keeper: Pick<CredentialsKeeper, 'reports'>,
  policy: string,
): CredentialsState | undefined {
  const report = keeper.reports().find((one) => one.policy === policy);
  return report === undefined ? undefined : credentialsCondition(report);
}
