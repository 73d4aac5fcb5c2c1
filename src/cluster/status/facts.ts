import type { PolicyCoverage } from '../../model/coverage.js';
import type { ConditionReason, ConditionStatus } from '../../model/status.js';

/** Whether a policy's webhooks are written, as the writer of the webhook configurations knows it. */
export interface WebhookState {
  readonly configured: boolean;
  /** Of the closed list in src/model/status.ts. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** Whether the API server is known to call for a policy's pods. */
export interface InForceState {
  /** The version of the policy that this was found of. */
  readonly of: { readonly uid: string; readonly generation: number } | undefined;
  /** `undefined`: that is not known anew since this replica leads. */
  readonly inForce: boolean | undefined;
  readonly reason: ConditionReason;
  /** A sentence or more, for people. */
  readonly message: string;
  /** Since when, in milliseconds since 1970 by the API server's date. */
  readonly sinceMs: number;
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
