import { credentialsCondition } from '../../cluster/secrets/credentials-report.js';
import type { CredentialsSweep } from '../../cluster/secrets/sweep.js';
import type { CredentialsState } from '../../cluster/status/facts.js';

const worstFirst = ['False', 'Unknown', 'True'] as const;

/**
 * What the sweep says about one policy's access key and mirrored pull secrets, for its status: of the Secret in the
 * worst state; `undefined` while it says nothing.
 */
export function credentialsStateOf(
  sweep: Pick<CredentialsSweep, 'reports'>,
  policy: string,
): CredentialsState | undefined {
  const states = sweep
    .reports()
    .filter((one) => one.policy === policy)
    .map(credentialsCondition);
  return worstFirst.flatMap((status) => states.filter((state) => state.status === status))[0];
}
