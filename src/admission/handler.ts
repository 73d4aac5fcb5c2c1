import type { Decision, Door } from '../model/decision.js';
import { isArray, isObject, objectOf, stringOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { StringMap } from '../model/selector.js';
import type { Engine } from '../engine/engine.js';
import { instrument, isPending, type Outcome } from '../engine/instrument.js';
import { byEarlier, mayBeOfAnother, type OtherVersions } from './other-versions.js';
import { PatchEncoder } from './patch-encoder.js';
import { allowUntouched, answer } from './response.js';
import { readReview, type Review } from './review.js';

/** What a door knows of one call beside its body. */
export interface Call {
  /** Aborts at the deadline and when the caller has gone; made when it is first read. */
  readonly signal: AbortSignal;
  /** W3C trace context of the caller. */
  readonly traceparent: string | undefined;
}

/** One answered review, for the log line and the metrics. Holds nothing of the pod's content. */
export interface Reviewed {
  readonly door: Door;
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

/** A door of the webhook: the body of an AdmissionReview in, the answering one out. */
export type DoorHandler = (body: Buffer, call: Call) => string | Promise<string>;

/**
 * Makes the handler of one door.
 *
 * An unexpected error at the mutating door lets the pod through untouched, as its failure policy would; at the validating
 * door it is thrown on, so that the failure policy of the entry that called decides: Fail for Security, else Ignore (E37).
 *
 * A pod that no policy matches, or whose namespace is not known, is decided on a second time after a live look (E41): the
 * API server calls for no pod that no policy wants, so what is known here is behind. When that look fails, the mutating
 * door goes by what is known, and at the validating one it is an error: some entry asked for this pod to be looked at.
 *
 * A pod that the validating door would deny although it carries our record may have been instrumented by a replica that
 * knew another version of its policy. It is let in when it is whole by a version that was in force a while ago, or by the
 * one that a live look brings.
 */
export function createDoor(door: Door, options: DoorOptions): DoorHandler {
  const encoder = new PatchEncoder();
  return (body, call) => {
    const startMs = performance.now();
    const review = readReview(body);
    if (!review.createsPod) {
      options.onReviewed(reviewedOf(door, review, otherRequest, startMs, call), otherRequest, review.pod);
      return allowUntouched(review.uid);
    }
    const respond = (outcome: Pick<Outcome, 'decision' | 'patch'>): string => {
      options.onReviewed(reviewedOf(door, review, outcome.decision, startMs, call), outcome.decision, review.pod);
      return answer(review.uid, outcome.decision, outcome.patch, encoder);
    };
    const failed = (error: unknown): string => {
      options.onFailure(error, review.uid);
      if (door === 'validate') throw error;
      return respond({ decision: internalError, patch: [] });
    };
    const { namespace } = review;
    const decideBy = (engine: Engine, namespaceLabels: StringMap): Outcome | Promise<Outcome> =>
      instrument(
        {
          pod: review.pod,
          namespace,
          namespaceLabels,
          door,
          admitted: true,
          trace: false,
          dryRun: review.dryRun,
          lookUp: door === 'mutate' ? () => call.signal : undefined,
        },
        engine,
      );
    const decide = (namespaceLabels: StringMap): Outcome | Promise<Outcome> => {
      const engine = options.engine();
      const outcome = decideBy(engine, namespaceLabels);
      const { otherVersions } = options;
      if (door === 'mutate' || otherVersions === undefined || isPending(outcome)) return outcome;
      if (!mayBeOfAnother(outcome, review.pod)) return outcome;
      const other = byEarlier(otherVersions, (earlier) => decideBy(earlier, namespaceLabels));
      return other ?? decideAfterCatchingUp(otherVersions, engine, outcome);
    };
    const decideAfterCatchingUp = async (
      otherVersions: OtherVersions,
      engine: Engine,
      denied: Outcome,
    ): Promise<Outcome> => {
      try {
        await otherVersions.catchUp(call.signal);
      } catch (error) {
        options.onFailure(error, review.uid);
        return denied;
      }
      const now = options.engine();
      return now === engine ? denied : decideBy(now, options.namespaceLabels(namespace) ?? noLabels);
    };
    const { reread } = options;
    const decideAfterReading = async (read: NonNullable<DoorOptions['reread']>): Promise<Outcome> => {
      try {
        await read(namespace, call.signal);
      } catch (error) {
        if (door === 'validate') throw error;
        options.onFailure(error, review.uid);
      }
      return decide(options.namespaceLabels(namespace) ?? noLabels);
    };
    try {
      const labels = options.namespaceLabels(namespace);
      if (reread !== undefined && labels === undefined && !options.engine().excludedNamespaces.has(namespace)) {
        return decideAfterReading(reread).then(respond).catch(failed);
      }
      const outcome = decide(labels ?? noLabels);
      if (outcome instanceof Promise) return outcome.then(respond).catch(failed);
      if (reread === undefined || outcome.decision.reason !== 'no_policy') return respond(outcome);
      return decideAfterReading(reread).then(respond).catch(failed);
    } catch (error) {
      return failed(error);
    }
  };
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

const internalError: Decision = {
  ...otherRequest,
  reason: 'internal_error',
  detail: 'the pod is left as it is',
};

function reviewedOf(door: Door, review: Review, decision: Decision, startMs: number, call: Call): Reviewed {
  return {
    door,
    uid: review.uid,
    namespace: review.namespace,
    owner: ownerOf(review.pod),
    dryRun: review.dryRun,
    decision: decision.decision,
    reason: decision.reason,
    policy: decision.policy,
    durationMs: performance.now() - startMs,
    traceparent: call.traceparent,
  };
}

function ownerOf(pod: JsonObject): string {
  const metadata = objectOf(pod['metadata']);
  const owners = metadata?.['ownerReferences'];
  const owner = isArray(owners) ? owners.find((one) => isObject(one) && one['controller'] === true) : undefined;
  if (isObject(owner)) return `${stringOf(owner['kind']) ?? '?'}/${stringOf(owner['name']) ?? '?'}`;
  return `Pod/${stringOf(metadata?.['name']) ?? stringOf(metadata?.['generateName']) ?? '?'}`;
}
