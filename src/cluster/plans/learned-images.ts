import { isDeepStrictEqual } from 'node:util';
import type { ImageConfig, ImageOutcome, ImageRequest, ImageResolver } from '../../model/image.js';
import type { LearnedImage } from '../../model/instrumentation-plan.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { Clock } from '../../time/clock.js';

/** What is needed to keep learned images. */
export interface LearnedImagesOptions {
  /** What looks images up. */
  readonly next: ImageResolver;
  /** What all replicas have learned in a namespace, by reference. */
  readonly standing: (namespace: string) => Readonly<Record<string, LearnedImage>> | undefined;
  /** Whether what a reference names cannot change. */
  readonly isUnchanging: (reference: string) => boolean;
  /** How long the result of a tag counts. */
  readonly tagTtlMs: number;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Called when there is something to write. */
  readonly onNews: () => void;
}

/** A namespace's learned images, by reference. */
export type LearnedByReference = ReadonlyMap<string, LearnedImage>;

/** A use is written once an hour. It only decides which images are dropped last. */
const usedEveryMs = 60 * 60_000;
/** The most images that wait to be written, in all namespaces. Beyond that, new ones are dropped. */
const mostPending = 10_000;

/** Failures of a registry for which a learned result is the better answer. A refusal is not one of them. */
const troubles: ReadonlySet<ReasonCode> = new Set([
  'registry_unreachable',
  'registry_rate_limited',
  'registry_error',
  'too_many_lookups',
  'lookup_timeout',
]);

/**
 * Answers from what the look-ups of all replicas have learned, by namespace, before asking a registry. So a replica that
 * starts knows images without any request. It shares what it learns itself.
 */
export class LearnedImages implements ImageResolver {
  readonly #options: LearnedImagesOptions;
  #pending = new Map<string, Map<string, LearnedImage>>();
  #size = 0;

  constructor(options: LearnedImagesOptions) {
    this.#options = options;
  }

  known(request: ImageRequest): ImageOutcome | undefined {
    const said = this.#options.next.known(request);
    if (said?.ok === true) this.#note(request, said);
    if (said !== undefined && (said.ok || !troubles.has(said.reason))) return said;
    return this.#warm(request, said === undefined) ?? said;
  }

  async lookUp(request: ImageRequest, signal: AbortSignal): Promise<ImageOutcome> {
    const said = await this.#options.next.lookUp(request, signal);
    if (said.ok) this.#note(request, said);
    else if (troubles.has(said.reason)) return this.#warm(request, false) ?? said;
    return said;
  }

  /** Records that a pod uses a known image, such as a pod that the API server instrumented by itself. */
  used(namespace: string, reference: string): void {
    const there = this.#there(namespace, reference);
    if (there !== undefined) this.#use(namespace, reference, there);
  }

  /** Takes what should be written, by namespace. */
  take(): ReadonlyMap<string, LearnedByReference> {
    const pending = this.#pending;
    this.#pending = new Map();
    this.#size = 0;
    return pending;
  }

  /** Returns what could not be written to the queue, unless something newer came meanwhile. */
  giveBack(namespace: string, images: LearnedByReference): void {
    for (const [reference, image] of images) {
      if (this.#pending.get(namespace)?.has(reference) !== true) this.#keep(namespace, reference, image);
    }
  }

  /** @param isFresh whether the age of a tag's result counts */
  #warm({ reference, namespace }: ImageRequest, isFresh: boolean): ImageOutcome | undefined {
    const there = this.#there(namespace, reference);
    if (there === undefined) return undefined;
    if (isFresh && !this.#options.isUnchanging(reference)) {
      const ageMs = this.#options.clock.wallMs() - Date.parse(there.learnedAt);
      if (!(ageMs >= 0 && ageMs < this.#options.tagTtlMs)) return undefined;
    }
    this.#use(namespace, reference, there);
    const { digest } = there;
    return { ok: true, config: configOf(there), source: 'cache', ...(digest === undefined ? {} : { digest }) };
  }

  #there(namespace: string, reference: string): LearnedImage | undefined {
    const standing = this.#options.standing(namespace);
    const stands = standing !== undefined && Object.hasOwn(standing, reference) ? standing[reference] : undefined;
    return this.#pending.get(namespace)?.get(reference) ?? stands;
  }

  #use(namespace: string, reference: string, there: LearnedImage): void {
    const nowMs = this.#options.clock.wallMs();
    if (nowMs - Date.parse(there.usedAt) < usedEveryMs) return;
    this.#keep(namespace, reference, { ...there, usedAt: new Date(nowMs).toISOString() });
  }

  #note(request: ImageRequest, said: Extract<ImageOutcome, { ok: true }>): void {
    if (said.source !== 'cache' && said.source !== 'registry') return;
    const { reference, namespace } = request;
    const there = this.#there(namespace, reference);
    if (
      there !== undefined &&
      isSame(there, said) &&
      (said.source === 'cache' || this.#options.isUnchanging(reference))
    ) {
      this.#use(namespace, reference, there);
      return;
    }
    if (!this.#isSameEverywhere(request, said.config)) return;
    const now = new Date(this.#options.clock.wallMs()).toISOString();
    const { config, digest } = said;
    this.#keep(namespace, reference, {
      entrypoint: [...config.entrypoint],
      cmd: [...config.cmd],
      ...(config.volumes === undefined ? {} : { volumes: [...config.volumes] }),
      ...(config.users === undefined ? {} : { users: [...config.users] }),
      ...(digest === undefined ? {} : { digest }),
      learnedAt: now,
      usedAt: now,
    });
  }

  /** What the image starts for a pod that can run on any node. A pod may restrict its nodes. */
  #isSameEverywhere({ reference, namespace, pod }: ImageRequest, config: ImageConfig): boolean {
    const everywhere = this.#options.next.known({ reference, namespace, pod: anywhere(pod) });
    return everywhere?.ok === true && isDeepStrictEqual(everywhere.config, config);
  }

  #keep(namespace: string, reference: string, image: LearnedImage): void {
    let images = this.#pending.get(namespace);
    if (images === undefined) {
      if (this.#size >= mostPending) return;
      images = new Map();
      this.#pending.set(namespace, images);
    }
    if (!images.has(reference)) {
      if (this.#size >= mostPending) return;
      this.#size++;
    }
    images.set(reference, image);
    this.#options.onNews();
  }
}

function isSame(there: LearnedImage, { config, digest }: Extract<ImageOutcome, { ok: true }>): boolean {
  return there.digest === digest && isDeepStrictEqual(configOf(there), { ...config });
}

/** A learned image as the result of a look-up. */
export function configOf({ entrypoint, cmd, volumes, users }: LearnedImage): ImageConfig {
  return { entrypoint, cmd, ...(volumes === undefined ? {} : { volumes }), ...(users === undefined ? {} : { users }) };
}

/** The pod, reduced to what decides its rights. */
function anywhere(pod: JsonObject): JsonObject {
  const spec = objectOf(pod['spec']);
  const kept = ['imagePullSecrets', 'serviceAccountName', 'serviceAccount'] as const;
  return {
    spec: Object.fromEntries(kept.flatMap((key) => (spec?.[key] === undefined ? [] : [[key, spec[key]]]))),
  };
}
