import { learnedPlanName, longestReference, type LearnedImage } from '../../model/instrumentation-plan.js';
import { asJson, type JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import { fieldManager } from '../registration/write.js';
import type { Owner } from '../registration/webhook-configuration.js';
import { bytesOf, type KnownPlans } from './known-plans.js';
import type { LearnedByReference, LearnedImages } from './learned-images.js';
import { ownedMetadata } from './policy-object.js';

/** What is needed to write learned images. */
export interface LearnedWriterOptions extends Timing {
  readonly client: Pick<ApiClient, 'create' | 'patch'>;
  readonly log: Logger;
  readonly plans: Pick<KnownPlans, 'learned' | 'all'>;
  /** The most bytes of one object, and of all objects. */
  readonly bounds: { readonly planBytes: number; readonly planTotalBytes: number };
  /** The owner of new objects. @throws ApiError */
  readonly owner: (signal: AbortSignal) => Promise<Owner | undefined>;
}

/** How long to gather changes, and how many namespaces to write per second. */
const gatherMs = 1_000;
const perSecond = 20;

/** Writes what this replica's look-ups have learned to where all replicas read it, within seconds. */
export class LearnedWriter {
  readonly #options: LearnedWriterOptions;
  readonly #wake: Wake;
  #complaint = '';

  constructor(options: LearnedWriterOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Call this when there is something to write. */
  readonly poke = (): void => this.#wake.poke();

  /** Ends soon after the signal aborts; never throws for the API server's errors. */
  async run(images: Pick<LearnedImages, 'take' | 'giveBack'>, signal: AbortSignal): Promise<void> {
    const { log, random, sleep } = this.#options;
    let failures = 0;
    while (!isAborted(signal)) {
      await this.#wake.sleep(failures === 0 ? Infinity : backOffMs(failures, random), signal, gatherMs);
      let failed: unknown;
      for (const [namespace, learned] of images.take()) {
        if (isAborted(signal)) return;
        try {
          await this.#write(namespace, learned, signal);
        } catch (error) {
          // A namespace that is gone or being deleted needs nothing.
          if (isApiError(error, 'NotFound', 'Forbidden', 'Invalid')) log.debug({ err: error, namespace }, 'not kept');
          else images.giveBack(namespace, learned);
          failed = error;
        }
        await sleep(1_000 / perSecond, signal);
      }
      failures = failed === undefined ? 0 : failures + 1;
      this.#complain(failed);
    }
  }

  async #write(namespace: string, learned: LearnedByReference, signal: AbortSignal): Promise<void> {
    const { client, owner } = this.#options;
    const images = this.#fitting(namespace, learned);
    if (Object.keys(images).length === 0) return;
    const path = pathOf(resources.plans, { namespace, name: learnedPlanName });
    const options = { query: { fieldManager }, signal };
    const patch = (): Promise<JsonObject> => client.patch(path, 'merge', asJson({ learned: { images } }), options);
    try {
      await patch();
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      const kept = Object.fromEntries(Object.entries(images).filter(([, image]) => image !== null));
      const object = {
        apiVersion: apiVersionOf(resources.plans),
        kind: resources.plans.kind,
        metadata: { ...ownedMetadata(await owner(signal)), name: learnedPlanName, namespace },
        learned: { images: kept },
      };
      try {
        await client.create(pathOf(resources.plans, { namespace }), asJson(object), options);
      } catch (again) {
        if (!isApiError(again, 'AlreadyExists')) throw again;
        await patch();
      }
    }
  }

  /** The new images, and `null` for those removed to make room: the least recently used ones. */
  #fitting(namespace: string, learned: LearnedByReference): Readonly<Record<string, LearnedImage | null>> {
    const { plans, bounds } = this.#options;
    const there = plans.learned(namespace)?.images ?? {};
    const merged = new Map([...Object.entries(there), ...learned]);
    let totalBytes = 0;
    for (const { bytes } of plans.all()) totalBytes += bytes;
    let leftBytes = Math.min(bounds.planBytes, bounds.planTotalBytes - totalBytes + bytesOf(there)) - overheadBytes;
    const patch: Record<string, LearnedImage | null> = {};
    for (const [reference, image] of [...merged].sort(([, a], [, b]) => (a.usedAt < b.usedAt ? 1 : -1))) {
      leftBytes -= bytesOf([reference, image]);
      const stays = leftBytes >= 0 && reference.length <= longestReference;
      if (stays && learned.has(reference)) patch[reference] = image;
      else if (!stays && Object.hasOwn(there, reference)) patch[reference] = null;
    }
    return patch;
  }

  #complain(error: unknown): void {
    const complaint = error instanceof Error ? error.message : '';
    if (complaint !== '' && complaint !== this.#complaint) {
      this.#options.log.warn({ err: error }, 'what look-ups learned could not be written; it is tried again');
    }
    this.#complaint = complaint;
  }
}

/** The object around its images. */
const overheadBytes = 1_024;
