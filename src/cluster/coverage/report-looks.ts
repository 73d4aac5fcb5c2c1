/**
 * Finds out what a policy in mode Report would do with running pods whose images nobody has looked up. Anybody who may create
 * a pod can cause a look-up, so each sweep has a limited number of them, one after the other.
 */
import { LRUCache } from 'lru-cache';
import type { PodPlace } from '../../engine/coverage/ask.js';
import { wouldBeLookedUp, wouldBeNow } from '../../engine/coverage/would-be.js';
import type { Engine } from '../../engine/engine.js';
import type { WouldBeOf } from '../../model/coverage.js';
import type { ImageOutcome, ImageRequest, ImageResolver } from '../../model/image.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import type { Sleep } from '../../time/sleep.js';
import { LookTurns } from './look-turns.js';

/** What is needed to look. */
export interface ReportLooksOptions {
  readonly sleep: Sleep;
}

/** How many pods are looked at in one sweep. The others of their workloads have the same images. */
const turnLimits = { most: 20, mostOfNamespace: 5, kept: 15 } as const;
const everyMs = 500;
const longestMs = 5_000;
/** An answer counts as long as this, so that the next sweeps look at other pods. */
const keepMs = 60 * 60_000;
const keepFailureMs = 30 * 60_000;
const mostKept = 1_000;

/** Looks up images for pods that are only reported on, and remembers what they start. */
export class ReportLooks {
  readonly #options: ReportLooksOptions;
  readonly #kept = new LRUCache<string, ImageOutcome>({ max: mostKept, ttl: keepMs });
  readonly #turns = new LookTurns(turnLimits);

  constructor(options: ReportLooksOptions) {
    this.#options = options;
  }

  /** A new sweep begins. */
  begin(): void {
    this.#turns.begin();
  }

  /**
   * What would be done with a pod. Never rejects for what a registry does.
   * @returns `unknown` if an image would have to be looked up and the sweep’s look-ups are used up, or no answer came in time
   */
  async of(pod: JsonObject, place: PodPlace, engine: Engine, signal: AbortSignal): Promise<WouldBeOf | undefined> {
    const now = wouldBeNow(pod, place, { ...engine, images: this.#remembered(engine.images) });
    if (now?.decision !== 'unknown' || !this.#turns.take(place.namespace)) return now;
    await this.#options.sleep(everyMs, signal);
    const asked = { isLate: false };
    const limited = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
    const found = await wouldBeLookedUp(pod, place, engine, this.#asking(engine.images, asked), limited);
    return asked.isLate ? now : found;
  }

  #remembered(images: ImageResolver): ImageResolver {
    return {
      known: (request) => images.known(request) ?? this.#kept.get(keyOf(request)),
      lookUp: (request, signal) => images.lookUp(request, signal),
    };
  }

  #asking(images: ImageResolver, asked: { isLate: boolean }): ImageResolver {
    return {
      known: (request) => images.known(request) ?? this.#kept.get(keyOf(request)),
      lookUp: async (request, signal) => {
        const outcome = await images.lookUp(request, signal);
        if (!outcome.ok && outcome.reason === 'lookup_timeout') asked.isLate = true;
        else this.#kept.set(keyOf(request), outcome, { ttl: outcome.ok ? keepMs : keepFailureMs });
        return outcome;
      },
    };
  }
}

/** Equal for requests with equal answers: the image, who asks, and the nodes that the pod may be on. */
function keyOf({ reference, namespace, pod }: ImageRequest): string {
  const { serviceAccountName, imagePullSecrets, nodeSelector, affinity } = objectOf(pod['spec']) ?? {};
  return JSON.stringify([reference, namespace, serviceAccountName, imagePullSecrets, nodeSelector, affinity]);
}
