import type { Decision } from '../model/decision.js';
import type { DoorName } from '../model/doors.js';
import type { JsonObject } from '../model/json.js';
import type { StringMap } from '../model/selector.js';
import type { Engine } from '../engine/engine.js';
import type { OtherVersions } from './other-versions.js';

/** What a door knows of one call beside its body. */
export interface Call {
  /** Aborts at the deadline and when the caller has gone; made when it is first read. */
  readonly signal: AbortSignal;
  /** W3C trace context of the caller. */
  readonly traceparent: string | undefined;
}

/** One answered review, for the log line and the metrics. Holds nothing of the pod's content. */
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
  readonly durationMs: number;
  readonly traceparent: string | undefined;
}

/** What a door works with. `engine` is asked for each call, so a new configuration holds from the next call on. */
export interface DoorOptions {
  readonly engine: () => Engine;
  /** `undefined` for a namespace that is not known. */
  readonly namespaceLabels: (namespace: string) => StringMap | undefined;
  /**
   * Reads a namespace and the policies live, for a call that matches nothing of what is known (E41). Absent where nothing can
   * be newer than what is known. Rejects when they cannot be read.
   */
  readonly reread?: (namespace: string, signal: AbortSignal) => Promise<unknown>;
  /** For the validating door, where replicas may differ in what they know. */
  readonly otherVersions?: OtherVersions;
  /** Told of each answered review; decision and pod are there for Events, and are not to be logged. */
  readonly onReviewed: (reviewed: Reviewed, decision: Decision, pod: JsonObject) => void;
  /** Told of an error nobody expected, while the caller gets a decision. */
  readonly onFailure: (error: unknown, uid: string) => void;
}
