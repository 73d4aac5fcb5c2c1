import type { ReasonCode } from './reasons.js';
import type { SessionKind } from './sessions.js';

/**
 * What happened to a session, in its record and in the metric. `wrapped`: what it starts has the tracer's wrapper in
 * front, which is all that is known about it then. `untraced`: let in as it came. `denied`: not let in.
 */
export type SessionDecision = 'wrapped' | 'untraced' | 'denied';

/** One session, as it is written down. Nothing of its content is in it. */
export interface SessionRecord {
  readonly kind: SessionKind;
  readonly decision: SessionDecision;
  readonly reason: ReasonCode;
  /** What the reason is about, in a few words; absent for nothing to add. */
  readonly detail?: string;
  /** Name of the policy that won for the pod; `undefined` where none is known to. */
  readonly policy: string | undefined;
  /** Who asked for it, as the API server knows them. */
  readonly user: string;
  readonly namespace: string;
  readonly pod: string;
  /** Empty where nobody names one, and the pod is not known. */
  readonly container: string;
  /** The words that it starts, made by `commandText`; empty for one that starts nothing of its own. */
  readonly command: string;
}
