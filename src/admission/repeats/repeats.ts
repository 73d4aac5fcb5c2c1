import { LRUCache } from 'lru-cache';
import type { Engine } from '../../engine/engine.js';
import type { Call, DoorOptions, Reviewed } from '../door-options.js';
import { answerStart } from '../response.js';
import { skippedOf, type Skipped } from '../review-json.js';
import { hintOf, Likeness, uidOf } from './likeness.js';
import { Recording, type Kept } from './recording.js';

/** Decides on a review with the given options, and answers it. */
export type Decide = (body: Buffer, call: Call, by: DoorOptions, skipped: Skipped) => string | Promise<string>;

/** An answer, and what must be alike for it to be given again. */
interface Repeatable extends Kept {
  readonly likeness: Likeness;
}

/**
 * `once`: the next is recorded. `never`: nothing is kept, because reviews of that hint are not all alike, as those of a
 * DaemonSet's pods are not, or because the answer cannot be given again.
 */
type Met = 'once' | 'never';

const mostKept = 128;
const mostBytes = 4 * 1024 * 1024;
// A larger review is rare, and deciding on it costs little besides reading it.
const largestBytes = 48 * 1024;
const metBytes = 256;
// Memory of a parsed pod, per byte of its review.
const readBytesPerByte = 8;

/**
 * Answers reviews that are like one which was answered before, such as those of one ReplicaSet's pods. The first is
 * decided as usual. For the second, every question that the decision asks of engine and namespaces is recorded. From
 * then on the answer stays the same as long as the answers to all those questions do. Only for the mutating door: the
 * validating door judges the result like any other pod.
 */
export class Repeats {
  readonly #options: DoorOptions;
  readonly #decide: Decide;
  // By hint. A review with the same hint that is not alike replaces the other.
  readonly #met = new LRUCache<string, Repeatable | Met>({
    max: mostKept,
    maxSize: mostBytes,
    sizeCalculation: (met) => metBytes + (isMet(met) ? 0 : met.likeness.size * readBytesPerByte),
  });
  #engine: Engine | undefined;

  constructor(options: DoorOptions, decide: Decide) {
    this.#options = options;
    this.#decide = decide;
  }

  /**
   * Answers a review, which is counted and logged like any other.
   * @throws OutriderError `review_invalid`
   */
  answer(body: Buffer, call: Call): string | Promise<string> {
    const startMs = performance.now();
    const skipped = skippedOf(body);
    const hint = body.length > largestBytes ? undefined : hintOf(body, skipped);
    if (hint === undefined) return this.#decide(body, call, this.#options, skipped);
    this.#forgetWithEngine();
    const met = this.#met.get(hint);
    const uid = met === undefined || met === 'never' ? undefined : uidOf(body);
    if (uid === undefined) {
      if (met === undefined) this.#met.set(hint, 'once');
      return this.#decide(body, call, this.#options, skipped);
    }
    if (isMet(met)) return this.#record(uid, hint, body, call, skipped);
    if (!met.likeness.has(body, skipped)) {
      this.#met.set(hint, 'never');
      return this.#decide(body, call, this.#options, skipped);
    }
    if (!met.questions.areAnsweredAsBefore(() => call.signal)) return this.#record(uid, hint, body, call, skipped);
    this.#tell(met, uid, performance.now() - startMs, call);
    return answerStart(uid) + met.answer;
  }

  #tell({ reviewed, decision, pod }: Kept, uid: string, durationMs: number, { traceparent }: Call): void {
    // Field by field: V8 takes ten times as long to copy an object and add to it.
    const { door, namespace, owner, dryRun, reason, policy, isSpecKept, would, wouldReason } = reviewed;
    const { decision: code } = reviewed;
    const told: Reviewed = {
      door,
      uid,
      namespace,
      owner,
      dryRun,
      decision: code,
      reason,
      policy,
      ...(isSpecKept === undefined ? {} : { isSpecKept }),
      would,
      wouldReason,
      durationMs,
      traceparent,
    };
    this.#options.onReviewed(told, decision, pod);
  }

  #record(uid: string, hint: string, body: Buffer, call: Call, skipped: Skipped): string | Promise<string> {
    const recording = new Recording(this.#options);
    const answer = this.#decide(body, call, recording.options, skipped);
    if (typeof answer !== 'string') return answer;
    const kept = recording.of(uid, answer, body, skipped);
    this.#met.set(hint, kept === undefined ? 'never' : { ...kept, likeness: new Likeness(body, skipped) });
    return answer;
  }

  /** The recorded questions keep old engines in memory. */
  #forgetWithEngine(): void {
    const engine = this.#options.engine();
    if (engine === this.#engine) return;
    this.#engine = engine;
    this.#met.clear();
  }
}

function isMet(met: Repeatable | Met | undefined): met is Met | undefined {
  return met === undefined || typeof met === 'string';
}
