// What the doors for running pods (sessions, debug containers, updates) have in common, made of a review's envelope.
import { commandText, recordText } from '../model/command-text.js';
import type { DoorName } from '../model/doors.js';
import type { SessionRecord } from '../model/session-record.js';
import type { Call, Reviewed } from './door-options.js';
import type { Envelope } from './envelope.js';

/** Which call is answered, and since when. */
export interface Answering {
  readonly door: DoorName;
  readonly review: Pick<Envelope, 'uid' | 'namespace' | 'name' | 'dryRun'>;
  readonly call: Call;
  /** Of `performance.now()`. */
  readonly startMs: number;
}

/** The report on an answered review. */
export function reviewedOf(
  { door, review, call, startMs }: Answering,
  { decision, reason, policy }: Pick<Reviewed, 'decision' | 'reason' | 'policy'>,
): Reviewed {
  const { uid, namespace, name, dryRun } = review;
  return {
    door,
    uid,
    namespace,
    owner: `Pod/${name === '' ? '?' : name}`,
    dryRun,
    decision,
    reason,
    policy,
    durationMs: performance.now() - startMs,
    traceparent: call.traceparent,
  };
}

/** A session as it was decided on. */
export interface DecidedSession extends Pick<SessionRecord, 'kind' | 'decision' | 'reason' | 'policy' | 'container'> {
  /** Empty: there is nothing to add to the reason. */
  readonly detail: string;
  readonly command: readonly string[];
}

/** The record of a session: what people wrote in it is bounded, and secrets are masked. */
export function sessionRecordOf(
  { user, namespace, name }: Pick<Envelope, 'user' | 'namespace' | 'name'>,
  { kind, decision, reason, detail, policy, container, command }: DecidedSession,
): SessionRecord {
  return {
    kind,
    decision,
    reason,
    ...(detail === '' ? {} : { detail: recordText(detail) }),
    policy,
    user: user.username,
    namespace,
    pod: name,
    container: recordText(container),
    command: commandText(command),
  };
}
