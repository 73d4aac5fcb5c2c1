import type { NotClaimable } from '../../model/not-claimable.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import type { MatchCondition } from '../registration/match-conditions.js';
import type { ClaimedPolicy } from './claimed-policy.js';
import type { KnownPlans } from './known-plans.js';
import type { LeaveToWebhook } from './parameters.js';

/** By policy: what the API server could do itself, or why it could not. */
export type Claims = ReadonlyMap<string, ClaimedPolicy | NotClaimable>;

/** The options for maintaining the API server's policies. */
export interface ApiServerPoliciesOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly plans: KnownPlans;
  /**
   * The setting's match conditions. Pods for which they do not call the webhook are not instrumented by the API server
   * either.
   */
  readonly matchConditions: readonly MatchCondition[];
  /** How often others' webhooks are listed, beside the watch. */
  readonly relistMs: number;
  /** The most bytes of all parameters. */
  readonly totalBytes: number;
  /** What is wanted now; nothing during a pause. `undefined` while that is unknown; then nothing is written or removed. */
  readonly claims: () => Claims | undefined;
  /** Policies and namespaces that are left to the webhook for now; `leftChanged` says when that changes. Absent: none. */
  readonly leaveToWebhook?: LeaveToWebhook;
  /** Called when `judged` has another answer. The webhook's entries must follow. */
  readonly onJudged: () => void;
  /** Called when `of` may have another answer. */
  readonly onState: () => void;
}
