import { Questions, recorded } from '../../engine/recorded.js';
import type { Decision } from '../../model/decision.js';
import { isObject, objectOf, parsedJson, stringOf, type JsonObject } from '../../model/json.js';
import type { DoorOptions, Reviewed } from '../door-options.js';
import { answerStart } from '../response.js';
import { textOf, type Skipped } from '../review-json.js';
import { tokenVolume } from './likeness.js';

/** What was decided on a review, what the decision depended on, and the answer. */
export interface Kept {
  readonly reviewed: Omit<Reviewed, 'uid' | 'durationMs' | 'traceparent'>;
  readonly decision: Decision;
  readonly pod: JsonObject;
  /** The answer without its start. */
  readonly answer: string;
  readonly questions: Questions;
}

/** What a door uses while everything that a decision depends on, besides the review itself, is recorded. */
export class Recording {
  readonly options: DoorOptions;
  readonly #questions = new Questions();
  #told: Pick<Kept, 'reviewed' | 'decision' | 'pod'> | undefined;

  constructor(options: DoorOptions) {
    const questions = this.#questions;
    const { engine, namespaceLabels, reread, onFailure } = options;
    this.options = {
      ...options,
      engine: () => recorded(questions.ask(engine, Object.is), questions),
      onFailure: (error, of) => {
        // The next review may be recordable.
        questions.waits();
        onFailure(error, of);
      },
      namespaceLabels: (namespace) => questions.ask(() => namespaceLabels(namespace), Object.is),
      onReviewed: (reviewed, decision, pod) => {
        const { door, namespace, owner, dryRun, policy, reason, isSpecKept, would, wouldReason } = reviewed;
        const same = {
          door,
          namespace,
          owner,
          dryRun,
          policy,
          reason,
          ...(isSpecKept === undefined ? {} : { isSpecKept }),
          would,
          wouldReason,
          decision: reviewed.decision,
        };
        this.#told = { reviewed: same, decision, pod };
        options.onReviewed(reviewed, decision, pod);
      },
      ...(reread === undefined
        ? {}
        : {
            reread: (namespace, signal) => {
              questions.waits();
              return reread(namespace, signal);
            },
          }),
    };
  }

  /**
   * The part of an answer that is kept.
   * @returns `undefined` if the answer contains the name that the API server generated, if something had to be awaited
   * or failed, or if the body is not valid without the skipped parts
   */
  of(uid: string, answer: string, body: Buffer, skipped: Skipped): Kept | undefined {
    const start = answerStart(uid);
    const told = this.#told;
    if (told === undefined || !answer.startsWith(start)) return undefined;
    if (!this.#questions.areWhole || parsedJson(textOf(body, skipped)) === undefined) return undefined;
    if ([patchIn(answer), answer, JSON.stringify(told.decision)].some((text) => text.includes(tokenVolume)))
      return undefined;
    return { ...told, answer: answer.slice(start.length), questions: this.#questions };
  }
}

/** The patch of an answer, as JSON; empty for none. */
function patchIn(answer: string): string {
  const review = parsedJson(answer);
  const patch = isObject(review) ? stringOf(objectOf(review['response'])?.['patch']) : undefined;
  return Buffer.from(patch ?? '', 'base64').toString();
}
