import { isDeepStrictEqual } from 'node:util';
import type { PlanParameters } from '../../model/instrumentation-plan.js';
import type { Clock } from '../../time/clock.js';

/**
 * How long a plan must have been the current one before it can become the previous one. By then, a pod that was made by it
 * has been judged, even if other webhooks are slow.
 */
const shiftMs = 10_000;
/**
 * How long a plan stays beside the one that took its place. A request to the API server lasts a minute at most: whoever brings a
 * pod of it later made that pod by themselves, to have what pods got before an edit.
 */
const earlierMs = 120_000;
/** How long a plan judges pods before pods get it. */
const announcedMs = 2_000;

/** When plans took each other's place, for one term as the leader. */
export class PlanShifts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #shiftedMs = new Map<string, number>();
  readonly #announcedMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Parameters without the plan of before, once nobody is judged by it any more. */
  withoutOld(key: string, spec: PlanParameters, standing: PlanParameters | undefined): PlanParameters {
    const [current] = spec.plans;
    const isMoving = standing === undefined || !isDeepStrictEqual(standing.plans[0], current);
    if (current === undefined || spec.plans.length === 1 || isMoving) return spec;
    const nowMs = this.#clock.monotonicMs();
    // Another leader moved it on: how long ago is not known.
    const sinceMs = this.#shiftedMs.get(key) ?? nowMs;
    this.#shiftedMs.set(key, sinceMs);
    return standing.plans.length > 1 && nowMs - sinceMs < earlierMs ? spec : { ...spec, plans: [current] };
  }

  /**
   * What to write on the way to parameters now. Pods get a new plan after their judges had time to hear of it: an API server reads
   * parameters once for what makes pods and once for what judges them, and either may be first.
   * @returns `undefined` for nothing yet
   */
  next(key: string, spec: PlanParameters, standing: PlanParameters | undefined): PlanParameters | undefined {
    const [current] = standing?.plans ?? [];
    const [wanted] = spec.plans;
    if (standing === undefined || current === undefined || wanted === undefined) return spec;
    if (isDeepStrictEqual(current, wanted)) {
      this.#announcedMs.delete(key);
      return spec;
    }
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#shiftedMs.get(key) ?? -Infinity) < shiftMs) return undefined;
    if (!isDeepStrictEqual(standing.plans[1], wanted)) {
      this.#announcedMs.delete(key);
      return { ...standing, plans: [current, wanted], images: inBoth(standing.images, spec.images) };
    }
    const sinceMs = this.#announcedMs.get(key) ?? nowMs;
    this.#announcedMs.set(key, sinceMs);
    if (nowMs - sinceMs < announcedMs) return undefined;
    this.#announcedMs.delete(key);
    this.#shiftedMs.set(key, nowMs);
    return spec;
  }
}

/** Images that either plan can start, so that the parameters stay within their bound. */
function inBoth(standing: PlanParameters['images'], wanted: PlanParameters['images']): PlanParameters['images'] {
  return Object.fromEntries(Object.entries(standing).filter(([reference]) => reference in wanted));
}
