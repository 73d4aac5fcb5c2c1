import type { Decision } from '../model/decision.js';
import type { DoorName } from '../model/doors.js';
import type { JsonObject } from '../model/json.js';
import type { StringMap } from '../model/selector.js';
import type { Engine } from '../engine/engine.js';
import type { OtherVersions } from './other-versions.js';

/** What a door knows about one call, besides the body. */
export interface Call {
  /** Aborts at the deadline and when the caller has gone. Created when it is first read. */
  readonly signal: AbortSignal;
  /** W3C trace context of the caller. */
  readonly traceparent: string | undefined;
}

/** One answered review, for the log line and the metrics. Holds none of the pod's content. */
export interface Reviewed {
  readonly door: DoorName;
  readonly uid: string;
  readonly namespace: string;
  /** The controller that makes the pod, else the pod itself: `ReplicaSet/web-6d4cf56db6`. */
  readonly owner: string;
  readonly dryRun: boolean;
  readonly decision: Decision['decision'];
  readonly reason: Decision['reason'];
  readonly policy: string | undefined;
  /** Whether nothing of the pod's spec is changed. Absent where nothing could be. */
  readonly isSpecKept?: boolean;
  /** What the policy would have decided if its mode were not Report; `undefined` for every other policy. */
  readonly would?: Decision['decision'] | undefined;
  readonly wouldReason?: Decision['reason'] | undefined;
  readonly durationMs: number;
  readonly traceparent: string | undefined;
}

/** What a door needs. `engine` is called for each review, so a new configuration takes effect at the next one. */
export interface DoorOptions {
  readonly engine: () => Engine;
  /** `undefined` for a namespace that is not known. */
  readonly namespaceLabels: (namespace: string) => StringMap | undefined;
  /**
   * Reads a namespace and the policies live, for a call that matches nothing known (E41). Absent where nothing can be
   * newer than what is known. Rejects when they cannot be read.
   */
  readonly reread?: (namespace: string, signal: AbortSignal) => Promise<unknown>;
  /** For the validating door, where replicas may differ in what they know. */
  readonly otherVersions?: OtherVersions;
  /** Called for each answered review. Decision and pod are there for Events and must not be logged. */
  readonly onReviewed: (reviewed: Reviewed, decision: Decision, pod: JsonObject) => void;
  /** Called for an unexpected error; the caller still gets a decision. */
  readonly onFailure: (error: unknown, uid: string) => void;
}
