import type { SessionOutcome } from '../engine/session/outcome.js';
import type { SessionPlace } from '../engine/session/place.js';
import { policiesAsking, sessionWithoutPod } from '../engine/session/without-pod.js';
import type { Engine } from '../engine/engine.js';
import type { DecisionKind } from '../model/decision.js';
import type { DoorName, DoorRow, SubjectRow } from '../model/doors.js';
import { stringOf, stringsOf, type JsonObject } from '../model/json.js';
import type { Operation } from '../model/patch.js';
import type { SessionDecision, SessionRecord } from '../model/session-record.js';
import type { StringMap } from '../model/selector.js';
import { catchUp } from './catch-up.js';
import type { Call, DoorOptions, Reviewed } from './door-options.js';
import { readEnvelope, type Envelope } from './envelope.js';
import type { PatchEncoder } from './patch-encoder.js';
import { allowUntouched, allowWith, answerVerdict } from './response.js';
import { reviewedOf, sessionRecordOf, type Answering } from './running-pod.js';
import { sessionAnnotations, sessionDenialOf } from './session-answer.js';

/** What the doors for sessions in running pods need. */
export interface SessionDoorOptions extends Pick<DoorOptions, 'engine' | 'namespaceLabels' | 'reread' | 'onFailure'> {
  /**
   * Reads the pod of a session, once for each review. Never rejects. Absent for callers on whose behalf nothing may be
   * read.
   */
  readonly readPod?: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<{ readonly pod: JsonObject } | { readonly trouble: string }>;
  /** Engines with the rules that were in force until recently; another replica may have used them at the other door. */
  readonly earlier?: () => Iterable<Engine>;
  readonly onReviewed: (reviewed: Reviewed) => void;
  /** Called at the validating door for each session that a policy asks about; its verdict is final. */
  readonly onSession?: (record: SessionRecord, traceparent?: string) => void;
}

/** How the subjects differ. */
export interface SessionSubject {
  readonly row: SubjectRow;
  readonly kind: 'exec' | 'attach';
  readonly decide: (asked: AskedSession, pod: JsonObject, engine: Engine) => SessionOutcome;
}

/** What a review asks. */
export interface AskedSession extends Omit<SessionPlace, 'kind'> {
  readonly container: string;
  /** Empty where nothing is started. */
  readonly command: readonly string[];
}

type SessionDoor = DoorRow & { readonly name: DoorName };

const kinds: Readonly<Record<SessionDecision, DecisionKind>> = { wrapped: 'inject', untraced: 'skip', denied: 'deny' };

/**
 * One review of a session in a running pod, from its body to its answer: read it, read the pod if a policy asks
 * anything about its sessions, decide, answer, and record.
 *
 * The request names the pod but does not contain it. An unexpected error lets the session through at the mutating door;
 * at the validating one it is rethrown, so that the failure policy of the entry that called decides. A session that no
 * policy known here asks anything of is decided a second time after a live read (E41), since some entry was registered
 * for it.
 */
export class SessionReview {
  readonly #subject: SessionSubject;
  readonly #door: SessionDoor;
  readonly #options: SessionDoorOptions;
  readonly #encoder: PatchEncoder;
  readonly #call: Call;
  readonly #startMs: number;
  readonly #review: Envelope;
  readonly #command: readonly string[];

  /** @throws OutriderError `review_invalid` */
  constructor(
    subject: SessionSubject,
    door: SessionDoor,
    options: SessionDoorOptions,
    encoder: PatchEncoder,
    body: Buffer,
    call: Call,
  ) {
    this.#startMs = performance.now();
    this.#subject = subject;
    this.#door = door;
    this.#options = options;
    this.#encoder = encoder;
    this.#call = call;
    this.#review = readEnvelope(body, subject.row);
    this.#command = stringsOf(this.#review.object['command']) ?? [];
  }

  /** The body of the answer. */
  async answer(): Promise<string> {
    const { uid, isAbout } = this.#review;
    if (!isAbout) {
      this.#tell({ decision: 'skip', reason: 'other_request', policy: undefined });
      return allowUntouched(uid);
    }
    try {
      return this.#respond(await this.#decide());
    } catch (error) {
      this.#options.onFailure(error, uid);
      if (this.#door.verb === 'validate') throw error;
      return this.#respond({ ...noOutcome, reason: 'internal_error', detail: '' });
    }
  }

  async #decide(): Promise<SessionOutcome> {
    const { namespaceLabels, engine, reread, readPod } = this.#options;
    const { namespace, name } = this.#review;
    const known = namespaceLabels(namespace);
    if (reread !== undefined && this.#mayBeBehind(known)) {
      await catchUp(this.#door.verb, this.#review, this.#options, this.#call);
    }
    const asked = this.#asked(namespaceLabels(namespace) ?? noLabels);
    const place = { ...asked, kind: this.#subject.kind };
    if (policiesAsking(place, engine()).length === 0) return noOutcome;
    if (readPod === undefined) return sessionWithoutPod(place, 'nothing is read for callers without proof', engine());
    const read = await readPod(namespace, name, this.#call.signal);
    if ('trouble' in read) return sessionWithoutPod(place, read.trouble, engine());
    return this.#decideBy(asked, read.pod);
  }

  /**
   * Decides by the rules in force, or by those that the other door may have used in a replica that was ahead or behind.
   */
  #decideBy(asked: AskedSession, pod: JsonObject): SessionOutcome {
    const { decide } = this.#subject;
    const outcome = decide(asked, pod, this.#options.engine());
    if (outcome.reason !== 'exec_not_traced') return outcome;
    for (const earlier of this.#options.earlier?.() ?? []) {
      const other = decide(asked, pod, earlier);
      if (other.decision === 'wrapped' && other.front === undefined) return other;
    }
    return outcome;
  }

  #mayBeBehind(labels: StringMap | undefined): boolean {
    const engine = this.#options.engine();
    if (engine.excludedNamespaces.has(this.#review.namespace)) return false;
    if (labels === undefined) return true;
    return policiesAsking({ ...this.#asked(labels), kind: this.#subject.kind }, engine).length === 0;
  }

  #asked(namespaceLabels: StringMap): AskedSession {
    const { namespace, user, object } = this.#review;
    const container = stringOf(object['container']) ?? '';
    return { door: this.#door.verb, namespace, namespaceLabels, user, container, command: this.#command };
  }

  #respond(outcome: SessionOutcome): string {
    const { decision, reason, policy, front = [] } = outcome;
    const { maySay, name } = this.#door;
    if (front.length > 0 && !maySay.includes('patch')) throw new Error(`a patch at the door ${name}`);
    if (decision === 'denied' && !maySay.includes('denial')) throw new Error(`a denial at the door ${name}`);
    this.#tell({ decision: kinds[decision], reason, policy });
    const { uid } = this.#review;
    if (this.#door.verb === 'mutate') {
      // Both entries of a policy have one name, and of two annotations under one key the API server keeps the first.
      const patch = front.map((word, index): Operation => ({ op: 'add', path: `/command/${index}`, value: word }));
      return allowWith(uid, patch, this.#encoder);
    }
    const record = sessionRecordOf(this.#review, {
      ...outcome,
      kind: this.#subject.kind,
      command: this.#command,
    });
    if (outcome.recorded) this.#options.onSession?.(record, this.#call.traceparent);
    return answerVerdict(
      uid,
      {
        decision: kinds[decision],
        reason,
        policy,
        ...(decision === 'denied' ? { denial: sessionDenialOf(record) } : {}),
        ...(outcome.recorded ? { audit: sessionAnnotations(record) } : {}),
      },
      this.#encoder,
    );
  }

  #tell(verdict: Pick<Reviewed, 'decision' | 'reason' | 'policy'>): void {
    const answering: Answering = {
      door: this.#door.name,
      review: this.#review,
      call: this.#call,
      startMs: this.#startMs,
    };
    this.#options.onReviewed(reviewedOf(answering, verdict));
  }
}

const noLabels: StringMap = {};

const noOutcome: SessionOutcome = {
  decision: 'untraced',
  reason: 'session_allowed',
  detail: '',
  policy: undefined,
  recorded: false,
  container: '',
};
