import type { PolicyCoverage } from '../../model/coverage.js';
import type { ConditionReason, ConditionStatus } from '../../model/status.js';

/** Whether the API server calls for a policy's pods, as the writer of the webhook configurations knows it. */
export interface WebhookState {
  readonly configured: boolean;
  /** Of the closed list in src/model/status.ts. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** Whether a policy's access key is there, as the sweep found it. */
export interface CredentialsState {
  readonly status: ConditionStatus;
  /** Of the closed list in src/model/status.ts. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** What the API server makes of the parts that a policy adds, as it was last looked at. */
export interface DefaultsState {
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  /** A sentence or more, for people. */
  readonly message: string;
}

/** What the audit knows of one policy's running pods. */
export interface CoverageFound {
  /** `undefined`: nobody has looked in this term. */
  readonly found: PolicyCoverage | undefined;
  /** When that look began, RFC 3339. */
  readonly observedAt: string | undefined;
  /** Why the last look did not come through. */
  readonly trouble: string | undefined;
}
