import type { Reviewed } from '../../admission/door-options.js';
import type { ApiClient } from '../../cluster/client/api-client.js';
import { KnownPlans } from '../../cluster/plans/known-plans.js';
import { LearnedImages } from '../../cluster/plans/learned-images.js';
import { ownerName } from '../../cluster/plans/slots.js';
import { LearnedWriter } from '../../cluster/plans/write-learned.js';
import { readOwner } from '../../cluster/registration/write.js';
import { isUnchanging } from '../../engine/api-server/images.js';
import type { ImageResolver } from '../../model/image.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { byApiServer, names } from '../../model/names.js';
import type { InjectionMetrics } from '../../observe/injection-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Settings } from '../../settings/table.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';

/** The settings that it uses. */
export type LearningSettings = Pick<
  Settings,
  'apiServerPolicies' | 'planBytes' | 'planTotalBytes' | 'immutableTags' | 'instance'
>;

/** What a replica needs to learn. */
export interface LearningOptions extends Timing {
  readonly settings: LearningSettings;
  readonly client: ApiClient;
  readonly log: Logger;
  readonly relistMs: number;
  readonly signal: AbortSignal;
  readonly images: ImageResolver;
  readonly injections: InjectionMetrics;
  readonly onChange: (namespaces: ReadonlySet<string>) => void;
  readonly onFailure: () => void;
}

// As long as a registry's answer about a tag counts, unless an operator sets another time.
const tagTtlMs = 5 * 60_000;

/** What this replica learns about images and shares, and what it knows from others, from when this is made. */
export class Learning {
  readonly plans: KnownPlans;
  /** Resolves when what others learned is known, or could not be read. */
  readonly read: Promise<void>;
  readonly images: LearnedImages;
  readonly isUnchanging: (reference: string) => boolean;
  readonly #metrics: InjectionMetrics;

  constructor(options: LearningOptions) {
    const { settings, client, clock, signal, images } = options;
    this.#metrics = options.injections;
    const tags = settings.immutableTags.map((pattern) => new RegExp(pattern));
    this.isUnchanging = (reference) => isUnchanging(reference, tags);
    this.plans = new KnownPlans(options);
    this.read = Promise.all([this.plans.read, this.#readOwner(options)]).then(() => undefined);
    void this.#followOwner(options);
    const writer = new LearnedWriter({
      ...options,
      plans: this.plans,
      bounds: { planBytes: settings.planBytes, planTotalBytes: settings.planTotalBytes / 2 },
      owner: (until) => readOwner(client, ownerName(settings.instance), until),
    });
    this.images = new LearnedImages({
      next: images,
      standing: (namespace) => this.plans.learned(namespace)?.images,
      isUnchanging: this.isUnchanging,
      tagTtlMs,
      clock,
      onNews: writer.poke,
    });
    void writer.run(this.images, signal);
  }

  /** The role may be deleted and made again: then what belongs to the former one goes. */
  async #followOwner(options: LearningOptions): Promise<void> {
    const { signal, sleep, relistMs } = options;
    while (!isAborted(signal)) {
      await sleep(relistMs, signal);
      await this.#readOwner(options);
    }
  }

  async #readOwner({ client, settings, signal, log }: LearningOptions): Promise<void> {
    try {
      const owner = await readOwner(client, ownerName(settings.instance), signal);
      this.plans.ownedBy(owner?.uid);
    } catch (error) {
      if (!isAborted(signal)) log.debug({ err: error }, 'whom InstrumentationPlans belong to could not be read');
    }
  }

  /**
   * Counts what instrumented a pod. A pod that the API server instrumented needs no look-up, so its images are recorded as
   * used.
   */
  reviewed({ namespace, door, decision, dryRun, isSpecKept = false }: Reviewed, pod: JsonObject): void {
    if (door !== 'mutate' || (decision !== 'inject' && decision !== 'partial')) return;
    // Anybody can write the label: what counts is that the pod came as the webhook would have made it.
    const isClaimed = isSpecKept && objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.by] === byApiServer;
    if (!dryRun) this.#metrics.count(isClaimed ? 'api-server' : 'webhook');
    if (!isClaimed) return;
    for (const container of listOf(objectOf(pod['spec'])?.['containers']).filter(isObject)) {
      this.images.used(namespace, stringOf(container['image']) ?? '');
    }
  }
}
