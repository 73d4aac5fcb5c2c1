import type { Finding } from '../../model/decision.js';
import type { SessionDecision } from '../../model/session-record.js';

/** What happens to a session, or what the mutating door foresees. Only the validating door denies. */
export interface SessionOutcome extends Finding {
  readonly decision: SessionDecision;
  /** Name of the policy that won for the pod; `undefined` where none did. */
  readonly policy: string | undefined;
  /** Whether a policy asks for it to be written down. */
  readonly recorded: boolean;
  /** Name of the container, the one that the API server takes where the request names none. */
  readonly container: string;
  /** Words that are to be put in front of the command; absent where it stays. */
  readonly front?: readonly string[];
}
