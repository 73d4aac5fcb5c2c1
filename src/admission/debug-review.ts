import { decideDebug, type DebugOutcome, type DebugSession } from '../engine/session/debug.js';
import type { SessionPlace } from '../engine/session/place.js';
import { policiesAsking } from '../engine/session/without-pod.js';
import type { Engine } from '../engine/engine.js';
import type { DecisionKind, Door } from '../model/decision.js';
import { debug } from '../model/doors.js';
import { reasons, type ReasonCode } from '../model/reasons.js';
import type { SessionDecision, SessionRecord } from '../model/session-record.js';
import { catchUp } from './catch-up.js';
import type { Call, Reviewed } from './door-options.js';
import { invalid, readEnvelope, type Envelope } from './envelope.js';
import type { DoorHandler } from './handler.js';
import { PatchEncoder } from './patch-encoder.js';
import { allowUntouched, answerVerdict } from './response.js';
import { reviewedOf, sessionRecordOf } from './running-pod.js';
import { sessionAnnotations, sessionDenialOf } from './session-answer.js';
import type { SessionDoorOptions } from './session-review.js';
import { warningLine } from './warnings.js';

/** What the doors for debug containers need. The pod comes with the review. */
export type DebugDoorOptions = Omit<SessionDoorOptions, 'readPod'>;

/**
 * Makes the handler of one door for debug containers.
 *
 * @returns a handler that throws OutriderError `review_invalid` when the body is not an AdmissionReview
 */
export function createDebugDoor(verb: Door, options: DebugDoorOptions): DoorHandler {
  const encoder = new PatchEncoder();
  return (body, call) => new DebugReview(verb, options, encoder, body, call).answer();
}

const kinds: Readonly<Record<SessionDecision, DecisionKind>> = { wrapped: 'inject', untraced: 'skip', denied: 'deny' };
/** Which of several outcomes decides for the whole update. */
const weight: Readonly<Record<SessionDecision, number>> = { wrapped: 0, untraced: 1, denied: 2 };
/** At most this many containers of one update get an audit annotation each; people add one at a time. */
const mostAnnotated = 8;
const mostWarnings = 8;
/** Outcomes that were asked for and need no message. */
const quiet: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'session_allowed',
  'session_recorded',
  'session_traced',
  'debug_not_instrumented',
]);

/**
 * One review of an update that adds debug containers: read, decide, look again where this replica may be after, answer,
 * write down.
 *
 * An unexpected error lets the update through at the mutating door; at the validating one it is rethrown, so that the
 * failure policy of the entry that called decides. An update that no policy known here asks anything of is decided a
 * second time after a live read (E41), since some entry was registered for it.
 */
class DebugReview {
  readonly #verb: Door;
  readonly #options: DebugDoorOptions;
  readonly #encoder: PatchEncoder;
  readonly #call: Call;
  readonly #startMs: number;
  readonly #review: Envelope;

  /** @throws OutriderError `review_invalid` */
  constructor(verb: Door, options: DebugDoorOptions, encoder: PatchEncoder, body: Buffer, call: Call) {
    this.#startMs = performance.now();
    this.#verb = verb;
    this.#options = options;
    this.#encoder = encoder;
    this.#call = call;
    this.#review = readEnvelope(body, debug);
    if (this.#review.isAbout && this.#review.oldObject === undefined) {
      throw invalid('request.oldObject is not an object, and a pod is being updated', 'request.oldObject');
    }
  }

  /** The body of the answer; synchronous if nothing had to be awaited. */
  answer(): string | Promise<string> {
    const { uid, isAbout } = this.#review;
    if (!isAbout) {
      this.#tell({ decision: 'skip', reason: 'other_request', policy: undefined });
      return allowUntouched(uid);
    }
    try {
      const outcome = this.#decide();
      return outcome instanceof Promise ? this.#respondLater(outcome) : this.#respond(outcome);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #decide(): DebugOutcome | Promise<DebugOutcome> {
    const { reread } = this.#options;
    return reread !== undefined && this.#mayBeBehind() ? this.#decideAfterReading() : this.#decideByAnyVersion();
  }

  /**
   * Decides by the rules in force here, or by those that the other door may have used in a replica that was ahead or
   * behind.
   */
  #decideByAnyVersion(): DebugOutcome | Promise<DebugOutcome> {
    const outcome = this.#decideBy(this.#options.engine());
    return outcome instanceof Promise
      ? outcome.then((settled) => this.#orByEarlier(settled))
      : this.#orByEarlier(outcome);
  }

  #orByEarlier(outcome: DebugOutcome): DebugOutcome {
    if (!outcome.sessions.some(({ reason }) => reason === 'debug_not_traced')) return outcome;
    for (const engine of this.#options.earlier?.() ?? []) {
      const other = this.#decideBy(engine, false);
      if (other instanceof Promise) continue;
      if (other.sessions.every(isTracedOrLooks)) return other;
    }
    return outcome;
  }

  /** @param asks false to decide from what is already known */
  #decideBy(engine: Engine, asks = true): DebugOutcome | Promise<DebugOutcome> {
    const { object, oldObject } = this.#review;
    const lookUp = asks ? () => this.#call.signal : undefined;
    return decideDebug({ ...this.#place(), pod: oldObject ?? {}, updated: object, lookUp }, engine);
  }

  async #decideAfterReading(): Promise<DebugOutcome> {
    await catchUp(this.#verb, this.#review, this.#options, this.#call);
    return this.#decideByAnyVersion();
  }

  #mayBeBehind(): boolean {
    const { engine, namespaceLabels } = this.#options;
    const now = engine();
    if (now.excludedNamespaces.has(this.#review.namespace)) return false;
    return namespaceLabels(this.#review.namespace) === undefined || policiesAsking(this.#place(), now).length === 0;
  }

  #place(): SessionPlace & { readonly kind: 'debug' } {
    const { namespace, user } = this.#review;
    const namespaceLabels = this.#options.namespaceLabels(namespace) ?? {};
    return { kind: 'debug', door: this.#verb, namespace, namespaceLabels, user };
  }

  async #respondLater(pending: Promise<DebugOutcome>): Promise<string> {
    try {
      return this.#respond(await pending);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): string {
    const { uid } = this.#review;
    this.#options.onFailure(error, uid);
    if (this.#verb === 'validate') throw error;
    this.#tell({ decision: 'skip', reason: 'internal_error', policy: undefined });
    return answerVerdict(uid, { decision: 'skip', reason: 'internal_error', policy: undefined }, this.#encoder);
  }

  #respond({ sessions, patch }: DebugOutcome): string {
    const { maySay, name } = debug.doors[this.#verb];
    const says: readonly string[] = maySay;
    const first = heaviest(sessions);
    if (patch.length > 0 && !says.includes('patch')) throw new Error(`a patch at the door ${name}`);
    if (first.decision === 'denied' && !says.includes('denial')) throw new Error(`a denial at the door ${name}`);
    const { decision, reason, policy } = first;
    this.#tell({ decision: kinds[decision], reason, policy });
    const records = sessions.filter(({ recorded }) => recorded).map((session) => this.#recordOf(session));
    if (this.#verb === 'validate') {
      for (const record of records) this.#options.onSession?.(record, this.#call.traceparent);
    }
    return answerVerdict(
      this.#review.uid,
      {
        decision: kinds[decision],
        reason,
        policy,
        patch,
        ...(decision === 'denied' ? { denial: sessionDenialOf(this.#recordOf(first)) } : {}),
        warnings: this.#verb === 'validate' ? warningsOf(sessions) : [],
        audit: first.recorded ? this.#annotations(first, records) : {},
      },
      this.#encoder,
    );
  }

  /** The annotations of the outcome that decides, and those of the others, numbered. */
  #annotations(first: DebugSession, records: readonly SessionRecord[]): Readonly<Record<string, string>> {
    const record = this.#recordOf(first);
    const annotations: Record<string, string> = { ...sessionAnnotations(record) };
    const others = records.filter(({ container }) => container !== record.container).slice(0, mostAnnotated - 1);
    for (const [index, record] of others.entries()) {
      const { session } = sessionAnnotations(record);
      if (session !== undefined) annotations[`session-${index + 2}`] = session;
    }
    return annotations;
  }

  #recordOf(session: DebugSession): SessionRecord {
    return sessionRecordOf(this.#review, { ...session, kind: 'debug', command: session.asked });
  }

  #tell(verdict: Pick<Reviewed, 'decision' | 'reason' | 'policy'>): void {
    const { name: door } = debug.doors[this.#verb];
    const answering = { door, review: this.#review, call: this.#call, startMs: this.#startMs };
    this.#options.onReviewed(reviewedOf(answering, verdict));
  }
}

/**
 * Whether a debug container is traced, or is that of `outrider verify`. One of which an earlier policy asked nothing is
 * not.
 */
function isTracedOrLooks({ decision, reason, recorded }: DebugSession): boolean {
  return decision === 'wrapped' || (reason === 'session_allowed' && recorded);
}

function heaviest([first = nothingAdded, ...others]: readonly DebugSession[]): DebugSession {
  return others.reduce((most, one) => (weight[one.decision] > weight[most.decision] ? one : most), first);
}

/** An update that adds nothing. */
const nothingAdded: DebugSession = {
  decision: 'untraced',
  reason: 'session_allowed',
  detail: '',
  policy: undefined,
  recorded: false,
  container: '',
  asked: [],
};

/** The warnings for the person who debugs, about containers that should be traced and are not. */
function warningsOf(sessions: readonly DebugSession[]): readonly string[] {
  return sessions
    .filter(({ decision, reason, recorded }) => decision === 'untraced' && recorded && !quiet.has(reason))
    .slice(0, mostWarnings)
    .map(({ container, reason, detail }) =>
      warningLine(`debug container ${container} is not traced, ${reason}: ${detail}`, reasons[reason].remedy),
    );
}
