import type { PolicyCoverage } from '../../model/coverage.js';
import type { ConditionReason, ConditionStatus } from '../../model/status.js';
import type { FoundWays } from '../../model/ways.js';

/** Whether a policy's webhooks are written, as the writer of the webhook configurations knows it. */
export interface WebhookState {
  readonly configured: boolean;
  /** From the closed list in src/model/status.ts. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The ways into its running pods that they cover; absent if not known yet. */
  readonly ways?: FoundWays;
}

/** Whether the API server is known to call the webhook for a policy's pods. */
export interface InForceState {
  /** The version of the policy that this is about. */
  readonly of: { readonly uid: string; readonly generation: number } | undefined;
  /** `undefined`: this replica has not found out again since it leads. */
  readonly inForce: boolean | undefined;
  readonly reason: ConditionReason;
  /** A sentence or more, for people. */
  readonly message: string;
  /** Since when, in milliseconds since 1970 by the API server's date. */
  readonly sinceMs: number;
}

/** Whether a policy's access key exists, according to the sweep. */
export interface CredentialsState {
  readonly status: ConditionStatus;
  /** From the closed list in src/model/status.ts. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** How the API server fills in the parts that a policy adds, as last seen. */
export interface DefaultsState {
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  /** A sentence or more, for people. */
  readonly message: string;
}

/** What is known about the agent's image, for a policy whose pods get a keeper if it is known what the image starts. */
export interface AgentState {
  /** The reference as in pods. */
  readonly image: string;
  readonly found: { readonly digest: string | undefined; readonly foundAt: string } | undefined;
  /** Why the last look-up found nothing. */
  readonly problem: string | undefined;
  /** Whether the operator says what it starts. */
  readonly given: boolean;
}

/** What the audit knows about one policy's running pods. */
export interface CoverageFound {
  /** `undefined`: no sweep in this term yet. */
  readonly found: PolicyCoverage | undefined;
  /** Generation of the policy that its pods were judged by. */
  readonly generation?: number | undefined;
  /** When that look began, RFC 3339. */
  readonly observedAt: string | undefined;
  /** Why the last look did not complete. */
  readonly trouble: string | undefined;
}

/** Whether the API server instruments a policy's pods by itself. */
export interface ClaimedByState {
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  /** A sentence or more, for people. */
  readonly message: string;
}
