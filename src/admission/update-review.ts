import type { Decision } from '../model/decision.js';
import { updates } from '../model/doors.js';
import type { StringMap } from '../model/selector.js';
import { judgeUpdate } from '../engine/updates.js';
import type { DoorOptions } from './door-options.js';
import { readEnvelope, type Envelope } from './envelope.js';
import type { DoorHandler } from './handler.js';
import { PatchEncoder } from './patch-encoder.js';
import { allowUntouched, answerVerdict } from './response.js';
import { reviewedOf } from './running-pod.js';
import { denialOfUpdate, warningsOf } from './warnings.js';

const door = updates.doors.validate;

/**
 * Makes the handler of the door for updates of running pods: changed images and changed resources. An unexpected error
 * is rethrown, so that the failure policy of the entry that called decides. An update of a pod that no policy known
 * here wants is decided a second time after a live read (E41), since some entry was registered for it.
 *
 * @returns a handler that throws OutriderError `review_invalid` when the body is not an AdmissionReview
 */
export function createUpdateDoor(options: DoorOptions): DoorHandler {
  const encoder = new PatchEncoder();
  return (body, call) => {
    const startMs = performance.now();
    const review = readEnvelope(body, updates);
    const tell = (decision: Decision): void => {
      const answering = { door: door.name, review, call, startMs };
      options.onReviewed(reviewedOf(answering, decision), decision, review.object);
    };
    const respond = (decision: Decision): string => {
      tell(decision);
      return answerVerdict(review.uid, verdictOf(decision), encoder);
    };
    if (!review.isAbout || review.oldObject === undefined) {
      tell(otherRequest);
      return allowUntouched(review.uid);
    }
    try {
      const decision = judge(options, review);
      const { reread } = options;
      const isBehind = decision.reason === 'no_policy' || options.namespaceLabels(review.namespace) === undefined;
      if (reread === undefined || !isBehind) return respond(decision);
      return reread(review.namespace, call.signal).then(
        () => respond(judge(options, review)),
        (error: unknown) => failed(options, review, error),
      );
    } catch (error) {
      return failed(options, review, error);
    }
  };
}

function judge(options: DoorOptions, { object, oldObject = {}, namespace }: Envelope): Decision {
  const { engine, namespaceLabels, otherVersions } = options;
  const update = {
    before: oldObject,
    after: object,
    namespace,
    namespaceLabels: namespaceLabels(namespace) ?? noLabels,
  };
  return judgeUpdate(update, engine(), otherVersions?.earlier());
}

function failed({ onFailure }: DoorOptions, { uid }: Envelope, error: unknown): never {
  onFailure(error, uid);
  throw error;
}

const noLabels: StringMap = {};

const otherRequest: Decision = {
  decision: 'skip',
  reason: 'other_request',
  detail: '',
  policy: undefined,
  prefer: undefined,
  steps: [],
};

function verdictOf(decision: Decision): Parameters<typeof answerVerdict>[1] {
  const { decision: kind, reason, policy } = decision;
  return kind === 'deny'
    ? { decision: kind, reason, policy, denial: denialOfUpdate(decision) }
    : { decision: kind, reason, policy, warnings: warningsOf(decision) };
}
