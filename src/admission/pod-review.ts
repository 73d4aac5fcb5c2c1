import type { Decision } from '../model/decision.js';
import type { DoorName, DoorRow } from '../model/doors.js';
import { isArray, isObject, objectOf, stringOf, type JsonObject } from '../model/json.js';
import type { StringMap } from '../model/selector.js';
import type { Engine } from '../engine/engine.js';
import { instrument } from '../engine/instrument.js';
import { isPending, type Outcome } from '../engine/outcome.js';
import { catchUp } from './catch-up.js';
import type { Call, DoorOptions, Reviewed } from './door-options.js';
import { byEarlier, mayBeOfAnother, type OtherVersions } from './other-versions.js';
import type { PatchEncoder } from './patch-encoder.js';
import { allowUntouched, answer } from './response.js';
import { readReview, type Review } from './review.js';
import type { Skipped } from './review-json.js';

type PodDoor = DoorRow & { readonly name: DoorName };

/**
 * One review of a pod, from its body to its answer: read, decide, look again where this replica may be after, answer.
 *
 * An unexpected error at a door that never denies lets the pod through untouched, as its failure policy would; at the
 * validating door it is rethrown, so that the failure policy of the entry that called decides: Fail for Security, else
 * Ignore (E37).
 *
 * A pod that no policy matches, or whose namespace is not known, is decided a second time after a live read (E41): the
 * API server calls for no pod that no policy wants, so what is known here is behind. When that look fails, the mutating
 * door uses what is known, and at the validating one it is an error: some entry asked for this pod to be looked at.
 *
 * A pod that the validating door would deny although it carries our record may have been instrumented by a replica that
 * knew another version of its policy. It is admitted when it is whole by a version that was in force a while ago, or by
 * the one that a live look brings.
 */
export class PodReview {
  readonly #door: PodDoor;
  readonly #options: DoorOptions;
  readonly #encoder: PatchEncoder;
  readonly #call: Call;
  readonly #startMs: number;
  readonly #review: Review;

  /** @throws OutriderError `review_invalid` */
  constructor(door: PodDoor, options: DoorOptions, encoder: PatchEncoder, body: Buffer, call: Call, skipped?: Skipped) {
    this.#startMs = performance.now();
    this.#door = door;
    this.#options = options;
    this.#encoder = encoder;
    this.#call = call;
    this.#review = readReview(body, skipped);
  }

  /** The body of the answer; synchronous if nothing had to be awaited. */
  answer(): string | Promise<string> {
    if (!this.#review.createsPod) return this.#letPass();
    try {
      const outcome = this.#decide();
      return isPending(outcome) ? this.#respondLater(outcome) : this.#respond(outcome);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #decide(): Outcome | Promise<Outcome> {
    const { namespaceLabels, engine, reread } = this.#options;
    const { namespace } = this.#review;
    const labels = namespaceLabels(namespace);
    if (reread === undefined) return this.#decideByAnyVersion(labels ?? noLabels);
    if (labels === undefined && !engine().excludedNamespaces.has(namespace)) return this.#decideAfterReading();
    const outcome = this.#decideByAnyVersion(labels ?? noLabels);
    if (isPending(outcome) || outcome.decision.reason !== 'no_policy') return outcome;
    return this.#decideAfterReading();
  }

  /** Decides by the rules in force here, or by those that the replica that instrumented the pod may have used. */
  #decideByAnyVersion(namespaceLabels: StringMap): Outcome | Promise<Outcome> {
    const engine = this.#options.engine();
    const outcome = this.#decideBy(engine, namespaceLabels);
    const { otherVersions } = this.#options;
    if (otherVersions === undefined || this.#door.verb === 'mutate') return outcome;
    return isPending(outcome)
      ? outcome.then((settled) => this.#orByAnother(settled, otherVersions, engine, namespaceLabels))
      : this.#orByAnother(outcome, otherVersions, engine, namespaceLabels);
  }

  #orByAnother(
    outcome: Outcome,
    otherVersions: OtherVersions,
    engine: Engine,
    namespaceLabels: StringMap,
  ): Outcome | Promise<Outcome> {
    if (!mayBeOfAnother(outcome, this.#review.pod)) return outcome;
    const other = byEarlier(otherVersions, (earlier) => this.#decideBy(earlier, namespaceLabels, false));
    return other ?? this.#decideAfterCatchingUp(otherVersions, engine, outcome);
  }

  /** @param asks false to decide from what is already known */
  #decideBy(engine: Engine, namespaceLabels: StringMap, asks = true): Outcome | Promise<Outcome> {
    const { pod, namespace, dryRun } = this.#review;
    const door = this.#door.verb;
    return instrument(
      {
        pod,
        namespace,
        namespaceLabels,
        door,
        admitted: true,
        trace: false,
        dryRun,
        lookUp: asks ? () => this.#call.signal : undefined,
      },
      engine,
    );
  }

  async #decideAfterReading(): Promise<Outcome> {
    await catchUp(this.#door.verb, this.#review, this.#options, this.#call);
    return this.#decideByAnyVersion(this.#options.namespaceLabels(this.#review.namespace) ?? noLabels);
  }

  async #decideAfterCatchingUp(versions: OtherVersions, engine: Engine, denied: Outcome): Promise<Outcome> {
    const { namespace, uid } = this.#review;
    try {
      await versions.catchUp(this.#call.signal);
    } catch (error) {
      this.#options.onFailure(error, uid);
      return denied;
    }
    const now = this.#options.engine();
    return now === engine ? denied : this.#decideBy(now, this.#options.namespaceLabels(namespace) ?? noLabels);
  }

  async #respondLater(pending: Promise<Outcome>): Promise<string> {
    try {
      return this.#respond(await pending);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #respond({ decision, patch }: Pick<Outcome, 'decision' | 'patch'>): string {
    const { maySay } = this.#door;
    if (patch.length > 0 && !maySay.includes('patch')) throw new Error(`a patch at the door ${this.#door.name}`);
    if (decision.decision === 'deny' && !maySay.includes('denial')) {
      throw new Error(`a denial at the door ${this.#door.name}`);
    }
    this.#tell(decision, !patch.some(({ path }) => path.startsWith('/spec')));
    return answer(this.#review.uid, decision, patch, this.#encoder);
  }

  #fail(error: unknown): string {
    this.#options.onFailure(error, this.#review.uid);
    if (this.#door.verb === 'validate') throw error;
    return this.#respond({ decision: internalError, patch: [] });
  }

  /** Answers a request that Outrider does not handle. */
  #letPass(): string {
    this.#tell(otherRequest, true);
    return allowUntouched(this.#review.uid);
  }

  #tell(decision: Decision, isSpecKept: boolean): void {
    const { uid, namespace, dryRun, pod } = this.#review;
    const reviewed: Reviewed = {
      door: this.#door.name,
      uid,
      namespace,
      owner: ownerOf(pod),
      dryRun,
      decision: decision.decision,
      reason: decision.reason,
      policy: decision.policy,
      isSpecKept,
      would: decision.would?.decision,
      wouldReason: decision.would?.reason,
      durationMs: performance.now() - this.#startMs,
      traceparent: this.#call.traceparent,
    };
    this.#options.onReviewed(reviewed, decision, pod);
  }
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

function ownerOf(pod: JsonObject): string {
  const metadata = objectOf(pod['metadata']);
  const owners = metadata?.['ownerReferences'];
  const owner = isArray(owners) ? owners.find((one) => isObject(one) && one['controller'] === true) : undefined;
  if (isObject(owner)) return `${stringOf(owner['kind']) ?? '?'}/${stringOf(owner['name']) ?? '?'}`;
  return `Pod/${stringOf(metadata?.['name']) ?? stringOf(metadata?.['generateName']) ?? '?'}`;
}
